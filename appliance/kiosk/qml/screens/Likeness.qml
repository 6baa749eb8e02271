import QtQuick
import Kiosk
import "../controls"

// A photo of the person in the target who gets the face.
TakingPage {
    taking: Kiosk.likeness
    name: "likeness"
    title: Kiosk.words.likeness_title
    sentence: Kiosk.words.likeness_more
    none: Kiosk.words.likeness_none
    back: Kiosk.words.go_back
    onGoBack: Kiosk.act("place.back", [])
}
