import QtQuick
import Kiosk
import "../controls"

// Photos of the person whose face is applied.
TakingPage {
    id: page

    property bool sure: false

    taking: Kiosk.sources
    name: "sources"
    title: Kiosk.words.sources_title
    about: sure ? Kiosk.words.sources_sure : Kiosk.words.sources_more
    none: Kiosk.words.sources_none
    back: Kiosk.words.session_park
    onLeave: Kiosk.act("session.park", [])
    extra: [
        ActionButton {
            objectName: "keep"
            visible: page.sure
            text: Kiosk.words.sources_keep
            onClicked: page.sure = false
        },
        ActionButton {          // twice: all of a project is more than a visit
            objectName: "end"
            visible: !page.typing
            kind: "danger"
            text: page.sure ? Kiosk.words.sources_erase : Kiosk.words.session_end
            onClicked: if (page.sure) Kiosk.act("session.end", []); else page.sure = true
        }
    ]
}
