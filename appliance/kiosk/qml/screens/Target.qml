import QtQuick
import Kiosk
import "../controls"

// The photo or film in which the face is applied.
TakingPage {
    taking: Kiosk.target
    name: "target"
    title: Kiosk.words.target_title
    about: Kiosk.words.target_more
    none: Kiosk.words.target_none
    back: Kiosk.words.go_back
    onLeave: Kiosk.act("place.back", [])
}
