import QtQuick
import Kiosk
import "../controls"

// What happened in one session, entry by entry.
Page {
    title: Kiosk.words.entry_session.arg(Kiosk.audit_entries.session)
    sentence: Kiosk.words.entry_more
    back: Kiosk.words.go_back
    onGoBack: Kiosk.act("place.back", [])
    extra: [
        ActionButton {
            objectName: "backward"
            enabled: Kiosk.audit_entries.page > 1
            text: "‹ " + Kiosk.words.entry_earlier
            onClicked: Kiosk.act("audit_entries.backward", [])
        },
        ActionButton {
            objectName: "forward"
            enabled: Kiosk.audit_entries.more
            text: Kiosk.words.entry_later + " ›"
            onClicked: Kiosk.act("audit_entries.forward", [])
        },
        ActionButton {
            objectName: "export-session"
            text: Kiosk.words.entry_export + " ›"
            onClicked: Kiosk.act("audit.export_session", [])
        }
    ]

    EntryList {
        anchors.fill: parent
    }
    Label {
        anchors.centerIn: parent
        visible: Kiosk.audit_entries.lines.length === 0
        text: Kiosk.words.looking_reading
        color: Theme.quiet
    }
}
