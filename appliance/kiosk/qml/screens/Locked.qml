import QtQuick
import Kiosk
import "../controls"

// Opaque, and the same whatever was on the screen before.
Rectangle {
    color: Theme.background
    Accessible.role: Accessible.Pane
    Accessible.name: Kiosk.words.locked_title

    Column {
        anchors.centerIn: parent
        spacing: Theme.margin
        Label {
            anchors.horizontalCenter: parent.horizontalCenter
            text: Kiosk.words.locked_title
            font { pixelSize: 40; bold: true }
            Accessible.role: Accessible.Heading
        }
        Label {
            anchors.horizontalCenter: parent.horizontalCenter
            width: 720
            horizontalAlignment: Text.AlignHCenter
            text: Kiosk.login.phase === "touch" ? Kiosk.words.login_touch_more : Kiosk.words.locked_more
            color: Theme.quiet
        }
        PinPad {
            anchors.horizontalCenter: parent.horizontalCenter
            visible: Kiosk.login.phase !== "touch"
            focus: visible
            count: Kiosk.login.count
            onTyped: character => Kiosk.act("login.type", [character])
            onErased: Kiosk.act("login.erase", [])
            onEntered: Kiosk.act("login.enter", [])
        }
        TouchPrompt {
            anchors.horizontalCenter: parent.horizontalCenter
            visible: Kiosk.login.phase === "touch"
        }
        Notice {
            width: 760
            anchors.horizontalCenter: parent.horizontalCenter
            height: visible ? implicitHeight : 0
        }
    }
}
