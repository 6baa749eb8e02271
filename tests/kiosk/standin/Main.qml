import QtQuick

Window {
    id: root

    property int taps: 0
    property alias page: loader.source
    readonly property bool loaded: loader.status === Loader.Ready

    visible: true
    width: 640
    height: 480
    color: "#14202c"

    Text {
        x: 20
        y: 20
        text: "Sign in 登录 " + root.taps
        color: "white"
        font.pixelSize: 40
    }
    Rectangle {
        x: 20
        y: 100
        width: 200
        height: 100
        color: root.taps > 0 ? "#30a060" : "#3060a0"

        TapHandler {
            onTapped: root.taps += 1
        }
    }
    Loader {
        id: loader

        x: 20
        y: 240
    }
}
