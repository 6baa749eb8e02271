import QtQuick
import Kiosk

// A picture by its name, as large as it fits, with zoom and pan that others may share.
Item {
    id: picture

    property alias name: image.name
    property alias mirrored: image.mirrored
    property real zoom: 1
    property real panX: 0         // of the width and height of the picture, from its middle
    property real panY: 0
    property string label: ""
    readonly property real fit: image.pictureWidth > 0
        ? Math.min(width / image.pictureWidth, height / image.pictureHeight) : 0
    readonly property real scaled: fit * zoom
    readonly property real shownX: image.x
    readonly property real shownY: image.y
    readonly property real shownWidth: image.width
    readonly property real shownHeight: image.height
    readonly property bool empty: image.pictureWidth === 0

    clip: true
    Accessible.role: Accessible.Graphic
    Accessible.name: label

    PictureItem {
        id: image
        width: pictureWidth * picture.scaled
        height: pictureHeight * picture.scaled
        x: (picture.width - width) / 2 - picture.panX * width
        y: (picture.height - height) / 2 - picture.panY * height
    }
}
