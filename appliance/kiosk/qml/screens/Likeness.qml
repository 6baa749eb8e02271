import QtQuick
import Kiosk
import "../controls"

// A photo of the person in the target who gets the face.
TakingPage {
    taking: Kiosk.likeness
    name: "likeness"
    title: Kiosk.words.likeness_title
    about: Kiosk.words.likeness_more
    none: Kiosk.words.likeness_none
    back: Kiosk.words.go_back
    onLeave: Kiosk.act("place.back", [])
}
