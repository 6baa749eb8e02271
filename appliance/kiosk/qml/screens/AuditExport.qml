import QtQuick
import Kiosk
import "../controls"

// The log on a disc, which anybody can check without this machine.
Page {
    id: page

    readonly property bool burning: Kiosk.audit_export.burning >= 0
    readonly property bool done: Kiosk.audit_export.number >= 0

    title: Kiosk.words.export_title
    sentence: page.burning ? Kiosk.words.export_stay : Kiosk.words.export_more
    back: Kiosk.words.looking_leave
    next: page.burning ? "" : page.done ? Kiosk.words.export_again : Kiosk.words.export_burn
    onGoBack: Kiosk.act("session.leave", [])
    onGoOn: Kiosk.act("audit_export.burn", [])

    AuditTabs {
        id: tabs
        width: parent.width
        chosen: "export"
    }
    Row {
        id: choice
        anchors { horizontalCenter: parent.horizontalCenter; top: tabs.bottom; topMargin: 40 }
        enabled: !page.burning
        spacing: Theme.gap
        Repeater {
            model: Kiosk.audit_export.session === "" ? ["all", "month"] : ["all", "month", "session"]
            delegate: Tile {
                required property string modelData
                objectName: "export-" + modelData
                width: 340
                height: 116
                text: Kiosk.words["export_" + modelData]
                note: modelData === "session" ? Kiosk.words.export_note_session.arg(Kiosk.audit_export.session) : Kiosk.words["export_note_" + modelData]
                chosen: Kiosk.audit_export.what === modelData
                onClicked: Kiosk.act("audit_export.choose", [modelData])
            }
        }
    }
    Progress {
        anchors { left: parent.left; right: parent.right; top: choice.bottom; margins: 120; topMargin: 60 }
        visible: page.burning
        done: Kiosk.audit_export.burning
        text: Kiosk.words.export_burning.arg(Math.round(100 * Kiosk.audit_export.burning))
    }
    Label {
        anchors { left: parent.left; right: parent.right; top: choice.bottom; margins: 80; topMargin: 60 }
        visible: page.done
        text: "✓ " + Kiosk.words.export_done.arg(Kiosk.audit_export.entries).arg(Kiosk.audit_export.number).arg(Kiosk.audit_export.sha256.slice(0, 16))
        color: Theme.good
        font.pixelSize: 22
        horizontalAlignment: Text.AlignHCenter
    }
}
