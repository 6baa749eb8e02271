import QtQuick
import Kiosk

// The token waits for a finger: a ring that beats, and the words for it.
Column {
    id: prompt

    spacing: Theme.margin
    Accessible.role: Accessible.AlertMessage
    Accessible.name: Kiosk.words.login_touch
    Rectangle {
        anchors.horizontalCenter: parent.horizontalCenter
        width: 150
        height: 150
        radius: 75
        color: "transparent"
        border { width: 6; color: Theme.accent }
        Rectangle {
            anchors.centerIn: parent
            width: 80
            height: 80
            radius: 40
            color: beat.on ? Theme.accent : Theme.raised
        }
        Timer {
            id: beat
            property bool on: true
            interval: 600
            repeat: true
            running: prompt.visible
            onTriggered: on = !on
        }
    }
    Label {
        anchors.horizontalCenter: parent.horizontalCenter
        text: Kiosk.words.login_touch
        font.pixelSize: 26
    }
}
