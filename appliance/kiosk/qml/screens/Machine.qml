import QtQuick
import Kiosk
import "../controls"

// What the doctor found when it last looked at the machine: what is wrong comes first.
Page {
    id: page

    readonly property var group: Kiosk.machine.groups.find(one => one.name === Kiosk.machine.group) || null

    function known(group) { return Kiosk.words["check_" + group.replace(/-/g, "_")] || group; }

    title: Kiosk.machine.health === "none" ? "? " + Kiosk.words.machine_unknown
           : Kiosk.machine.failed > 0 ? "⚠ " + Kiosk.words.machine_bad.arg(Kiosk.machine.failed)
           : "✓ " + Kiosk.words.machine_good.arg(Kiosk.machine.passed)
    sentence: Kiosk.machine.health === "none" ? Kiosk.words.machine_unknown_more
              : Kiosk.machine.old ? "⚠ " + Kiosk.words.machine_old.arg(Kiosk.machine.made)
              : Kiosk.words.machine_made.arg(Kiosk.machine.made)
    back: Kiosk.words.looking_leave
    onGoBack: Kiosk.act("session.leave", [])

    MachineTabs {
        id: tabs
        width: parent.width
        chosen: "checks"
    }
    LineList {
        id: groups
        activeFocusOnTab: false
        label: Kiosk.words.machine_checks
        anchors { left: parent.left; top: tabs.bottom; bottom: parent.bottom; topMargin: 12 }
        width: 320
        spacing: 6
        model: Kiosk.machine.groups
        delegate: Tile {
            id: tile
            required property var modelData
            required property int index
            objectName: "group-" + modelData.name
            width: groups.width - 10
            text: page.known(modelData.name)
            note: modelData.failed > 0 ? "⚠ " + Kiosk.words.machine_failed.arg(modelData.failed).arg(modelData.checks.length) : "✓ " + Kiosk.words.machine_passed.arg(modelData.checks.length)
            chosen: Kiosk.machine.group === modelData.name
            onActiveFocusChanged: if (activeFocus) groups.positionViewAtIndex(index, ListView.Contain)
            onClicked: Kiosk.act("machine.choose", [modelData.name])
        }
    }
    Rectangle {
        id: hint
        anchors { left: groups.right; leftMargin: Theme.gap; right: parent.right; top: groups.top }
        visible: page.group !== null && page.group.failed > 0
        height: visible ? words.implicitHeight + 24 : 0
        radius: Theme.radius
        color: Theme.surface
        border { width: 2; color: Theme.warning }
        Label {
            id: words
            anchors { left: parent.left; right: parent.right; verticalCenter: parent.verticalCenter; margins: Theme.gap }
            text: page.group === null ? "" : Kiosk.words["hint_" + page.group.name.replace(/-/g, "_")] || Kiosk.words.machine_hint
        }
    }
    LineList {
        anchors { left: groups.right; leftMargin: Theme.gap; right: parent.right; top: hint.bottom; bottom: parent.bottom; topMargin: hint.visible ? 8 : 0 }
        label: Kiosk.words.machine_checks
        model: page.group === null ? [] : page.group.checks
        delegate: Rectangle {
            id: check
            required property var modelData
            width: ListView.view.width - 12
            height: found.implicitHeight + 18
            radius: Theme.radius
            color: Theme.surface
            Accessible.role: Accessible.ListItem
            Accessible.name: name.text + ", " + evidence.text
            Column {
                id: found
                anchors { left: parent.left; right: parent.right; verticalCenter: parent.verticalCenter; margins: Theme.gap }
                Label {
                    id: name
                    width: parent.width
                    text: (check.modelData.ok ? "✓ " : "⚠ ") + check.modelData.name
                    color: check.modelData.ok ? Theme.text : Theme.warning
                    font.bold: !check.modelData.ok
                    Accessible.ignored: true
                }
                Label {
                    id: evidence
                    width: parent.width
                    text: check.modelData.evidence
                    color: Theme.quiet
                    font.pixelSize: Theme.small
                    wrapMode: Text.WrapAnywhere
                    Accessible.ignored: true
                }
            }
        }
    }
}
