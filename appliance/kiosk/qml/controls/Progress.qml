import QtQuick

// How much of something that takes a while is done, from 0 to 1: a bar, and the percent in words.
Item {
    id: progress

    property real done: 0
    property string text: ""

    implicitHeight: 76
    Accessible.role: Accessible.ProgressBar
    Accessible.name: label.text
    Label {
        id: label
        width: parent.width
        text: progress.text
        horizontalAlignment: Text.AlignHCenter
    }
    Rectangle {
        anchors { left: parent.left; right: parent.right; bottom: parent.bottom }
        height: 28
        radius: Theme.radius
        color: Theme.surface
        border { width: 2; color: Theme.line }
        Rectangle {
            anchors { left: parent.left; top: parent.top; bottom: parent.bottom; margins: 5 }
            width: (parent.width - 10) * Math.max(0, Math.min(1, progress.done))
            radius: 5
            color: Theme.accent
        }
    }
}
