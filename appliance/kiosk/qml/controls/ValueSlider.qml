import QtQuick
import Kiosk
import QtQuick.Controls.Basic

// A value with its name, its unit, and buttons for one step: a slider alone is too fine for gloves.
Item {
    id: control

    property string name: ""
    property string unit: ""
    property real from: 0
    property real to: 1
    property real step: 0.5
    property real value: 0
    property bool signed: true    // whether a plus stands before what is above 0
    property real least: NaN      // a second mark: the least to be expected

    signal moved(real value)

    implicitHeight: Theme.target + 30
    function set(wanted) {
        const value = Math.min(to, Math.max(from, Math.round(wanted / step) * step));
        if (value !== slider.value) {
            slider.value = value;
            moved(value);
        }
    }
    onValueChanged: if (!slider.pressed) slider.value = value

    Text {
        anchors { left: parent.left; top: parent.top }
        text: control.name
        color: Theme.text
        font { family: Theme.family; pixelSize: Theme.body }
        textFormat: Text.PlainText
    }
    Text {
        anchors { right: parent.right; top: parent.top }
        text: (control.signed && slider.value > 0 ? "+" : "") + (Math.round(slider.value * 10) / 10) + " " + control.unit
        color: slider.value !== 0 ? Theme.accent : Theme.quiet
        font { family: Theme.family; pixelSize: Theme.body; bold: slider.value !== 0 }
        textFormat: Text.PlainText
    }
    ActionButton {
        id: less
        anchors { left: parent.left; bottom: parent.bottom }
        width: Theme.target
        text: "−"
        focusPolicy: Qt.NoFocus
        Accessible.name: Kiosk.words.slider_less.arg(control.name)
        onClicked: control.set(slider.value - control.step)
    }
    Slider {
        id: slider
        objectName: "slider-" + control.objectName
        anchors { left: less.right; right: more.left; bottom: parent.bottom; leftMargin: 8; rightMargin: 8 }
        height: Theme.target
        from: control.from
        to: control.to
        stepSize: control.step
        snapMode: Slider.SnapAlways
        Accessible.role: Accessible.Slider
        Accessible.name: control.name
        onMoved: control.moved(value)
        background: Rectangle {
            x: slider.leftPadding
            y: slider.height / 2 - 3
            width: slider.availableWidth
            height: 6
            radius: 3
            color: Theme.pressed
            Rectangle {         // from nothing to the value
                readonly property real zero: -slider.from / (slider.to - slider.from) * parent.width
                readonly property real now: slider.visualPosition * parent.width
                x: Math.min(zero, now)
                width: Math.abs(now - zero)
                height: 6
                color: Theme.accent
            }
            Rectangle {         // where nothing is changed
                x: -slider.from / (slider.to - slider.from) * parent.width - 1
                y: -7
                width: 2
                height: 20
                color: Theme.line
            }
            Rectangle {
                visible: !isNaN(control.least)
                x: (control.least - slider.from) / (slider.to - slider.from) * parent.width - 5
                y: -4
                width: 10
                height: 14
                color: "transparent"
                border { width: 2; color: Theme.warning }
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
        anchors { right: parent.right; bottom: parent.bottom }
        width: Theme.target
        text: "+"
        focusPolicy: Qt.NoFocus
        Accessible.name: Kiosk.words.slider_more.arg(control.name)
        onClicked: control.set(slider.value + control.step)
    }
}
