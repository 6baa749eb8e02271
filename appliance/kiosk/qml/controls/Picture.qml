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
    // Height over width of what has to fit: of several pictures that lie over each other the
    // longest one, since words stand below what is simulated.
    property real ratio: own
    readonly property real own: image.pictureWidth > 0 ? image.pictureHeight / image.pictureWidth : 1
    property string label: ""
    readonly property real fitted: image.pictureWidth > 0 ? Math.min(width, height / Math.max(ratio, 0.01)) : 0
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
        width: picture.fitted * picture.zoom
        height: width * picture.own
        x: (picture.width - width) / 2 - picture.panX * width
        y: (picture.height - width * picture.ratio) / 2 - picture.panY * width * picture.ratio
    }
}
