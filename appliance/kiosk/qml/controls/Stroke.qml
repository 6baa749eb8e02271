import QtQuick

// A straight line between two places of its parent.
Rectangle {
    property real fromX: 0
    property real fromY: 0
    property real toX: 0
    property real toY: 0

    x: fromX
    y: fromY - height / 2
    width: Math.hypot(toX - fromX, toY - fromY)
    height: 2
    transformOrigin: Item.Left
    rotation: Math.atan2(toY - fromY, toX - fromX) * 180 / Math.PI
    antialiasing: true
    color: Theme.accent
}
