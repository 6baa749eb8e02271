import QtQuick

// The outline of a region, whose corners are shares of the width and height of this item.
Item {
    id: outline

    property var corners: []
    property bool closed: false
    property bool marked: false

    Repeater {
        model: outline.corners.length
        delegate: Item {
            id: corner
            required property int index
            readonly property var here: outline.corners[index] || ({ x: 0, y: 0 })
            readonly property var next: outline.corners[(index + 1) % outline.corners.length] || here
            Stroke {
                visible: outline.closed || corner.index + 1 < outline.corners.length
                fromX: corner.here.x * outline.width
                fromY: corner.here.y * outline.height
                toX: corner.next.x * outline.width
                toY: corner.next.y * outline.height
                height: 3
            }
            Rectangle {
                visible: outline.marked
                x: corner.here.x * outline.width - 7
                y: corner.here.y * outline.height - 7
                width: 14
                height: 14
                radius: 7
                color: Theme.accent
                border { width: 2; color: Theme.background }
            }
        }
    }
}
