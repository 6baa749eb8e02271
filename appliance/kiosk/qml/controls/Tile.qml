import QtQuick
import QtQuick.Controls.Basic

// Something to choose: two lines of text. The chosen one has a frame and a tick, not colour alone.
AbstractButton {
    id: tile

    property string note: ""
    property bool chosen: false

    implicitHeight: Math.max(Theme.target, column.implicitHeight + 2 * Theme.gap)
    implicitWidth: 240
    focusPolicy: Qt.StrongFocus
    Accessible.role: Accessible.RadioButton
    Accessible.name: note ? text + ", " + note : text
    Accessible.checkable: true
    Accessible.checked: chosen
    Keys.onReturnPressed: clicked()
    Keys.onEnterPressed: clicked()

    padding: Theme.gap
    topPadding: Math.max(padding, (height - column.implicitHeight) / 2)
    background: Rectangle {
        radius: Theme.radius
        color: tile.down ? Theme.pressed : Theme.raised
        border.width: tile.chosen || tile.visualFocus ? 3 : 0
        border.color: tile.visualFocus ? Theme.text : Theme.accent
    }
    contentItem: Column {
        id: column
        spacing: 4
        Text {
            width: parent.width
            text: (tile.chosen ? "✓ " : "") + tile.text
            color: tile.enabled ? Theme.text : Theme.line
            font { family: Theme.family; pixelSize: Theme.body; bold: true }
            textFormat: Text.PlainText
            elide: Text.ElideRight
        }
        Text {
            width: parent.width
            visible: tile.note !== ""
            text: tile.note
            color: Theme.quiet
            font { family: Theme.family; pixelSize: Theme.small }
            textFormat: Text.PlainText
            wrapMode: Text.Wrap
        }
    }
}
