import QtQuick
import Kiosk
import "../controls"

// The photo or film in which the face is applied.
TakingPage {
    taking: Kiosk.target
    name: "target"
    title: Kiosk.words.target_title
    sentence: Kiosk.words.target_more
    none: Kiosk.words.target_none
    back: Kiosk.words.go_back
    onGoBack: Kiosk.act("place.back", [])
}
