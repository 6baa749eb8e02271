import QtQuick

// A list to read: moved by a finger, or by the arrows while it has the focus, which a frame shows.
ListView {
    id: list

    property string label: ""
    readonly property real most: Math.max(0, contentHeight - height)

    clip: true
    spacing: 8
    cacheBuffer: 0       // what is outside would be made piece by piece
    boundsBehavior: Flickable.StopAtBounds
    activeFocusOnTab: most > 0
    Accessible.role: Accessible.List
    Accessible.name: label
    Keys.onDownPressed: contentY = Math.min(originY + most, contentY + 80)
    Keys.onUpPressed: contentY = Math.max(originY, contentY - 80)

    Rectangle {
        parent: list
        anchors.fill: parent
        z: 2
        color: "transparent"
        radius: Theme.radius
        border { width: 3; color: Theme.text }
        visible: list.activeFocus
    }
    Rectangle {          // how far down the list this is
        parent: list
        anchors.right: parent.right
        z: 2
        width: 5
        radius: 2
        color: Theme.line
        visible: list.most > 0
        height: Math.max(24, list.height * list.height / Math.max(1, list.contentHeight))
        y: (list.height - height) * (list.contentY - list.originY) / Math.max(1, list.most)
    }
}
