import QtQuick
import Kiosk
import "../controls"

// Places for sessions, space, and packs of models.
Page {
    id: page

    title: Kiosk.words.storage_title
    sentence: Kiosk.words.storage_more.arg(Kiosk.machine.software)
    back: Kiosk.words.looking_leave
    onGoBack: Kiosk.act("session.leave", [])

    MachineTabs {
        id: tabs
        width: parent.width
        chosen: "storage"
    }
    Column {
        id: room
        anchors { left: parent.left; top: tabs.bottom; topMargin: 20 }
        width: (parent.width - Theme.margin) / 2
        spacing: Theme.gap
        Label {
            text: Kiosk.words.storage_places.arg(Kiosk.machine.slots.length).arg(Kiosk.machine.places)
            font.bold: true
        }
        Repeater {
            model: Kiosk.machine.slots
            delegate: Label {
                required property var modelData
                width: room.width
                text: Kiosk.words.entry_number.arg(modelData.name).arg(Kiosk.words["slot_" + modelData.state.replace(/-/g, "_")] || modelData.state)
                color: modelData.state === "wipe-failed" ? Theme.warning : Theme.text
            }
        }
        Label {
            text: Kiosk.words.storage_space
            font.bold: true
        }
        Repeater {
            model: Kiosk.machine.space
            delegate: Column {
                id: space
                required property var modelData
                readonly property bool low: modelData.percent < 10
                width: room.width
                spacing: 4
                Accessible.role: Accessible.StaticText
                Accessible.name: said.text
                Label {
                    id: said
                    width: parent.width
                    text: (space.low ? "⚠ " : "") + Kiosk.words.storage_free.arg(Kiosk.words["space_" + space.modelData.name]).arg(space.modelData.free).arg(space.modelData.size).arg(space.modelData.percent)
                    color: space.low ? Theme.warning : Theme.text
                    Accessible.ignored: true
                }
                Rectangle {
                    width: parent.width
                    height: 18
                    radius: 6
                    color: Theme.surface
                    border { width: 2; color: Theme.line }
                    Rectangle {
                        anchors { left: parent.left; top: parent.top; bottom: parent.bottom; margins: 4 }
                        width: (parent.width - 8) * (100 - space.modelData.percent) / 100
                        radius: 3
                        color: space.low ? Theme.warning : Theme.accent
                    }
                }
            }
        }
    }
    Label {
        id: heading
        anchors { left: room.right; leftMargin: Theme.margin; right: parent.right; top: room.top }
        text: Kiosk.machine.packs.length === 0 ? Kiosk.words.storage_no_packs : Kiosk.words.storage_packs
        font.bold: true
    }
    LineList {
        anchors { left: heading.left; right: parent.right; top: heading.bottom; bottom: parent.bottom; topMargin: 12 }
        label: heading.text
        model: Kiosk.machine.packs
        delegate: Rectangle {
            id: pack
            required property var modelData
            readonly property bool refused: modelData.refused !== ""
            width: ListView.view.width - 12
            height: Math.max(Theme.target, about.implicitHeight + 18)
            radius: Theme.radius
            color: Theme.surface
            Accessible.role: Accessible.ListItem
            Accessible.name: title.text + ", " + why.text
            Column {
                id: about
                anchors { left: parent.left; right: parent.right; verticalCenter: parent.verticalCenter; margins: Theme.gap }
                Label {
                    id: title
                    width: parent.width
                    text: pack.refused ? "⚠ " + Kiosk.words.storage_refused.arg(pack.modelData.name) : "✓ " + pack.modelData.name
                    color: pack.refused ? Theme.warning : Theme.text
                    font.bold: pack.refused
                    wrapMode: Text.WrapAnywhere
                    Accessible.ignored: true
                }
                Label {
                    id: why
                    width: parent.width
                    text: pack.refused ? pack.modelData.refused : pack.modelData.roles
                    color: Theme.quiet
                    font.pixelSize: Theme.small
                    Accessible.ignored: true
                }
            }
        }
    }
}
