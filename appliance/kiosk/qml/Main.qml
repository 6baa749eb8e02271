import QtQuick
import Kiosk
import QtQuick.Window
import "controls"

// One window, one task. While it is locked nothing of a visit is in the scene.
Window {
    id: window

    width: 1280
    height: 800
    visible: true
    color: Theme.background
    title: Kiosk.words.bar_product
    flags: Qt.FramelessWindowHint

    Item {
        id: scene
        // Everything is drawn for 1280 x 800, and enlarged for larger screens.
        readonly property real factor: Math.min(window.width / 1280, window.height / 800)
        width: window.width / factor
        height: window.height / factor
        scale: factor
        transformOrigin: Item.TopLeft

        StatusBar {
            id: bar
            anchors { left: parent.left; right: parent.right; top: parent.top }
        }
        Rectangle {
            id: stripe
            objectName: "training"
            anchors { left: parent.left; right: parent.right; top: bar.bottom }
            visible: Kiosk.bar.training
            height: visible ? 30 : 0
            color: Theme.warning
            Label {
                anchors.centerIn: parent
                text: Kiosk.words.bar_training
                color: Theme.dangerInk
                font { pixelSize: Theme.small; bold: true }
            }
        }
        Loader {
            id: screen
            objectName: "screen"
            anchors {
                left: parent.left; right: parent.right; bottom: training.top
                top: stripe.bottom
                margins: Theme.margin
            }
            focus: active
            active: !Kiosk.place.locked
            source: "screens/" + Kiosk.place.screen + ".qml"
        }
        Loader {
            objectName: "locked"
            anchors { left: parent.left; right: parent.right; top: stripe.bottom; bottom: training.top }
            active: Kiosk.place.locked
            focus: active
            source: "screens/Locked.qml"
        }
        Loader {
            id: training
            anchors { left: parent.left; right: parent.right; bottom: parent.bottom }
            active: Kiosk.training.available
            height: active ? 64 : 0
            source: "controls/TrainingPanel.qml"
        }
    }
}
