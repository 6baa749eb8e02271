import QtQuick
import QtQuick.Controls.Basic

// A button. `kind`: plain, main (what most people do next) or danger (what cannot be undone).
AbstractButton {
    id: button

    property string kind: "plain"
    readonly property bool main: kind === "main"
    readonly property bool danger: kind === "danger"
    readonly property color ink: !enabled ? Theme.line
                                 : main ? Theme.accentInk : danger ? Theme.danger : Theme.text

    implicitHeight: Theme.target
    implicitWidth: Math.max(Theme.target, label.implicitWidth + 2 * Theme.margin)
    focusPolicy: Qt.StrongFocus
    font.family: Theme.family
    font.pixelSize: Theme.body
    Accessible.role: Accessible.Button
    Accessible.name: text
    Keys.onReturnPressed: if (enabled) clicked()
    Keys.onEnterPressed: if (enabled) clicked()

    background: Rectangle {
        radius: Theme.radius
        color: !button.enabled ? Theme.surface
               : button.main ? (button.down ? Qt.darker(Theme.accent, 1.2) : Theme.accent)
                             : button.down ? Theme.pressed : Theme.raised
        border.width: button.danger ? 2 : 0
        border.color: button.enabled ? Theme.danger : Theme.line
        Rectangle {
            anchors { fill: parent; margins: -4 }
            radius: Theme.radius + 4
            color: "transparent"
            border { width: 3; color: Theme.text }
            visible: button.visualFocus
        }
    }
    contentItem: Text {
        id: label
        text: button.text
        color: button.ink
        font.family: Theme.family
        font.pixelSize: button.font.pixelSize
        font.bold: button.main
        textFormat: Text.PlainText
        horizontalAlignment: Text.AlignHCenter
        verticalAlignment: Text.AlignVCenter
        elide: Text.ElideRight
    }
}
