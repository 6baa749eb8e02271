import QtQuick
import Kiosk

// The software tokens of a training machine: plug, pull, touch. A real machine has none of this.
Rectangle {
    id: panel

    color: Theme.training
    Accessible.role: Accessible.Grouping
    Accessible.name: Kiosk.words.training_name

    Row {
        anchors { left: parent.left; leftMargin: Theme.margin; verticalCenter: parent.verticalCenter }
        spacing: 10
        Label {
            anchors.verticalCenter: parent.verticalCenter
            text: Kiosk.words.training_tokens
            color: Theme.warning
            font.pixelSize: Theme.small
        }
        Repeater {
            model: Kiosk.training.tokens.length     // not the list: its buttons would be made anew under a finger
            delegate: ActionButton {
                required property int index
                readonly property var token: Kiosk.training.tokens[index]
                objectName: "token-" + token.user
                focusPolicy: Qt.NoFocus
                font.pixelSize: Theme.small
                text: (token.plugged ? "● " : "○ ") + token.user
                Accessible.name: token.plugged ? Kiosk.words.training_pull.arg(token.user)
                                 : Kiosk.words.training_plug.arg(token.user)
                onClicked: Kiosk.act("training.plug", [token.user])
            }
        }
        ActionButton {
            objectName: "token-touch"
            focusPolicy: Qt.NoFocus
            kind: Kiosk.training.blinking ? "main" : "plain"
            font.pixelSize: Theme.small
            text: Kiosk.words.training_touch
            onClicked: Kiosk.act("training.touch", [])
        }
    }
    Label {
        anchors { right: parent.right; rightMargin: Theme.margin; verticalCenter: parent.verticalCenter }
        text: Kiosk.words.training_pin.arg(Kiosk.training.pin)
        color: Theme.warning
        font.pixelSize: Theme.small
    }
}
