import QtQuick
import Kiosk
import QtQuick.Controls.Basic

// A value with its name, its unit, and buttons for one step: a slider alone is too fine for gloves.
// The track is what the handle could do; beyond the site's bounds it is hatched.
Item {
    id: control

    property string name: ""
    property string unit: ""
    property string note: ""      // why it cannot be moved
    property real from: 0         // the site's bounds
    property real to: 1
    property real lowest: from    // those of the handle itself
    property real highest: to
    property real step: 0.5
    property real value: 0
    property bool signed: true    // whether a plus stands before what is above 0
    property real least: NaN      // a second mark: the least to be expected
    readonly property real span: Math.max(0.001, highest - lowest)

    signal moved(real value)
    signal reached()              // by the keyboard, and has to be seen

    implicitHeight: 28 + (enabled ? Theme.target : 0) + (note === "" ? 0 : why.implicitHeight + 8)
    function set(wanted) {
        const value = Math.min(to, Math.max(from, Math.round(wanted / step) * step));
        if (value !== slider.value) {
            slider.value = value;
            moved(value);
        }
    }
    onValueChanged: if (!slider.pressed) slider.value = value
    Component.onCompleted: slider.value = value

    Text {
        anchors { left: parent.left; top: parent.top; right: amount.left; rightMargin: 8 }
        text: control.name
        color: control.enabled ? Theme.text : Theme.quiet
        font { family: Theme.family; pixelSize: Theme.body }
        textFormat: Text.PlainText
        elide: Text.ElideRight
    }
    Text {
        id: amount
        anchors { right: parent.right; top: parent.top }
        visible: control.enabled
        text: (isNaN(control.least) ? "" : "◇ " + (Math.round(control.least * 10) / 10) + " … ")
              + (control.signed && slider.value > 0 ? "+" : "") + (Math.round(slider.value * 10) / 10) + " " + control.unit
        color: slider.value !== 0 ? Theme.accent : Theme.quiet
        font { family: Theme.family; pixelSize: Theme.body; bold: slider.value !== 0 }
        textFormat: Text.PlainText
    }
    Text {
        id: why
        anchors { left: parent.left; right: parent.right; top: parent.top; topMargin: 26 }
        visible: control.note !== ""
        text: "⚠ " + control.note
        color: Theme.warning
        wrapMode: Text.Wrap
        font { family: Theme.family; pixelSize: Theme.small }
        textFormat: Text.PlainText
    }
    Item {
        id: row
        visible: control.enabled
        anchors { left: parent.left; right: parent.right; bottom: parent.bottom }
        height: Theme.target
        ActionButton {
            id: less
            objectName: "less-" + control.objectName
            width: Theme.target
            text: "−"
            focusPolicy: Qt.NoFocus
            enabled: slider.value > control.from
            Accessible.name: Kiosk.words.slider_less.arg(control.name)
            onClicked: control.set(slider.value - control.step)
        }
        Item {
            id: track
            anchors { left: less.right; right: more.left; leftMargin: 26; rightMargin: 26 }
            height: parent.height
            function at(value) { return (value - control.lowest) / control.span * width; }

            Rectangle {
                y: parent.height / 2 - 3
                x: track.at(control.from)
                width: track.at(control.to) - x
                height: 6
                radius: 3
                color: Theme.pressed
            }
            Hatch {
                y: parent.height / 2 - 7
                height: 14
                width: Math.max(0, track.at(control.from))
            }
            Hatch {
                y: parent.height / 2 - 7
                height: 14
                x: track.at(control.to)
                width: Math.max(0, parent.width - x)
            }
            Rectangle {         // from nothing to the value
                readonly property real zero: track.at(0)
                readonly property real now: track.at(slider.value)
                y: parent.height / 2 - 3
                x: Math.min(zero, now)
                width: Math.abs(now - zero)
                height: 6
                color: Theme.accent
            }
            Rectangle {         // where nothing is changed
                x: track.at(0) - 1
                y: parent.height / 2 - 12
                width: 2
                height: 24
                color: Theme.line
            }
            Rectangle {         // the least to be expected
                visible: !isNaN(control.least)
                x: track.at(isNaN(control.least) ? 0 : control.least) - 7
                y: parent.height / 2 - 7
                z: 1
                width: 14
                height: 14
                rotation: 45
                color: Theme.background
                border { width: 3; color: Theme.warning }
                antialiasing: true
            }
        }
        Slider {
            id: slider
            objectName: "slider-" + control.objectName
            padding: 0
            x: track.x + track.at(control.from) - 17
            width: track.at(control.to) - track.at(control.from) + 34
            height: parent.height
            from: control.from
            to: control.to
            stepSize: control.step
            snapMode: Slider.SnapAlways
            Accessible.role: Accessible.Slider
            Accessible.name: control.name + ", " + amount.text
            onMoved: control.moved(value)
        onActiveFocusChanged: if (activeFocus) control.reached()
            background: Item { }
            handle: Rectangle {
                x: slider.visualPosition * (slider.availableWidth - width)
                y: slider.height / 2 - height / 2
                width: 34
                height: 34
                radius: 17
                color: slider.pressed ? Theme.accent : Theme.text
                border { width: slider.visualFocus ? 5 : 0; color: Theme.accent }
            }
        }
        ActionButton {
            id: more
            objectName: "more-" + control.objectName
            anchors.right: parent.right
            width: Theme.target
            text: "+"
            focusPolicy: Qt.NoFocus
            enabled: slider.value < control.to
            Accessible.name: Kiosk.words.slider_more.arg(control.name)
            onClicked: control.set(slider.value + control.step)
        }
    }
}
