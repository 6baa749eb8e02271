import QtQuick
import QtQuick.Controls.Basic

// A sentence with a box to tick, large enough for a finger anywhere on it.
AbstractButton {
    id: tile

    implicitHeight: Math.max(88, label.implicitHeight + 2 * Theme.gap)
    focusPolicy: Qt.StrongFocus
    Accessible.role: Accessible.CheckBox
    Accessible.name: text
    Accessible.checkable: true
    Accessible.checked: checked
    Keys.onReturnPressed: clicked()
    Keys.onEnterPressed: clicked()

    background: Rectangle {
        radius: Theme.radius
        color: tile.down ? Theme.pressed : Theme.surface
        border { width: tile.visualFocus || tile.checked ? 3 : 1; color: tile.visualFocus ? Theme.text : tile.checked ? Theme.accent : Theme.line }
    }
    contentItem: Item {
        Rectangle {
            id: box
            anchors { left: parent.left; leftMargin: Theme.gap; verticalCenter: parent.verticalCenter }
            width: 44
            height: 44
            radius: 8
            color: tile.checked ? Theme.accent : "transparent"
            border { width: 3; color: tile.checked ? Theme.accent : Theme.line }
            Text { anchors.centerIn: parent; visible: tile.checked; text: "✓"; color: Theme.accentInk; font { family: Theme.family; pixelSize: 30; bold: true } }
        }
        Text {
            id: label
            anchors { left: box.right; right: parent.right; leftMargin: Theme.margin; rightMargin: Theme.gap; verticalCenter: parent.verticalCenter }
            text: tile.text
            color: Theme.text
            font { family: Theme.family; pixelSize: 22 }
            wrapMode: Text.Wrap
            textFormat: Text.PlainText
        }
    }
}
