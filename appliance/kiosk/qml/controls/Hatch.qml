import QtQuick

// What cannot be reached: slanting lines, whatever the colours.
Item {
    id: hatch

    clip: true
    Repeater {
        model: hatch.width < 1 ? 0 : Math.ceil((hatch.width + hatch.height) / 8)
        delegate: Rectangle {
            required property int index
            x: index * 8 - hatch.height / 2
            y: -hatch.height / 2
            width: 2
            height: hatch.height * 2
            rotation: 45
            color: Theme.line
            antialiasing: true
        }
    }
}
