import QtQuick
import Kiosk
import QtQuick.Controls.Basic

// A place in a film: a slider over all of it, and buttons for one frame, which gloves can hit.
Item {
    id: control

    property real seconds: 0
    property real step: 0.04      // how long one frame is shown
    property real at: 0

    signal moved(real at)

    implicitHeight: Theme.target
    function clock(seconds) {
        const whole = Math.floor(seconds);
        return Math.floor(whole / 60) + ":" + String(whole % 60).padStart(2, "0")
               + "." + Math.floor((seconds - whole) * 10);
    }
    function jump(frames) {
        moved(Math.min(seconds, Math.max(0, at + frames * step)));
    }
    onAtChanged: if (!slider.pressed) slider.value = at

    ActionButton {
        id: less
        objectName: control.objectName + "-less"
        anchors { left: parent.left; verticalCenter: parent.verticalCenter }
        width: Theme.target
        text: "‹"
        Accessible.name: Kiosk.words.film_frame_back
        onClicked: control.jump(-1)
    }
    Slider {
        id: slider
        objectName: control.objectName + "-slider"
        anchors { left: less.right; right: more.left; leftMargin: 8; rightMargin: 8; verticalCenter: parent.verticalCenter }
        height: Theme.target
        from: 0
        to: control.seconds
        stepSize: control.seconds / 100
        value: control.at
        Accessible.role: Accessible.Slider
        Accessible.name: Kiosk.words.film_place
        onMoved: control.moved(value)
        background: Rectangle {
            x: slider.leftPadding
            y: slider.height / 2 - 3
            width: slider.availableWidth
            height: 6
            radius: 3
            color: Theme.pressed
            Rectangle {
                width: slider.visualPosition * parent.width
                height: 6
                radius: 3
                color: Theme.accent
            }
        }
        handle: Rectangle {
            x: slider.leftPadding + slider.visualPosition * (slider.availableWidth - width)
            y: slider.height / 2 - height / 2
            width: 34
            height: 34
            radius: 17
            color: slider.pressed ? Theme.accent : Theme.text
            border { width: slider.visualFocus ? 4 : 0; color: Theme.accent }
        }
    }
    ActionButton {
        id: more
        objectName: control.objectName + "-more"
        anchors { right: clock.left; rightMargin: 12; verticalCenter: parent.verticalCenter }
        width: Theme.target
        text: "›"
        Accessible.name: Kiosk.words.film_frame_on
        onClicked: control.jump(1)
    }
    Text {
        id: clock
        anchors { right: parent.right; verticalCenter: parent.verticalCenter }
        width: 150
        horizontalAlignment: Text.AlignRight
        text: control.clock(control.at) + " / " + control.clock(control.seconds)
        color: Theme.text
        font { family: Theme.family; pixelSize: Theme.body }
        textFormat: Text.PlainText
        Accessible.role: Accessible.StaticText
        Accessible.name: text
    }
}
