import QtQuick
import Kiosk
import "../controls"

// All that was refused or failed, the newest first.
Page {
    title: Kiosk.words.refusals_title
    sentence: Kiosk.words.refusals_more
    back: Kiosk.words.looking_leave
    onGoBack: Kiosk.act("session.leave", [])
    extra: [
        ActionButton {
            objectName: "backward"
            enabled: Kiosk.audit_entries.page > 1
            text: "‹ " + Kiosk.words.sessions_newer
            onClicked: Kiosk.act("audit_entries.backward", [])
        },
        ActionButton {
            objectName: "forward"
            enabled: Kiosk.audit_entries.more
            text: Kiosk.words.sessions_older + " ›"
            onClicked: Kiosk.act("audit_entries.forward", [])
        }
    ]

    AuditTabs {
        id: tabs
        width: parent.width
        chosen: "refusals"
    }
    EntryList {
        anchors { left: parent.left; right: parent.right; top: tabs.bottom; bottom: parent.bottom; topMargin: 12 }
    }
    Label {
        anchors.centerIn: parent
        visible: Kiosk.audit_entries.lines.length === 0
        text: Kiosk.audit_entries.loading ? Kiosk.words.looking_reading : Kiosk.words.refusals_none
        color: Theme.quiet
    }
}
