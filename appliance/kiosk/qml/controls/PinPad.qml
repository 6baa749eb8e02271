import QtQuick
import Kiosk
import QtQuick.Layouts

// Digits of a PIN, which are kept elsewhere: only how many there are is shown. A keyboard works too.
FocusScope {
    id: pad

    property int count: 0

    signal typed(string character)
    signal erased()
    signal entered()

    implicitWidth: grid.implicitWidth
    implicitHeight: grid.implicitHeight + dots.height + Theme.gap
    focus: true
    Accessible.role: Accessible.Grouping
    Accessible.name: Kiosk.words.pin_pad.arg(count)
    Keys.onPressed: event => {
        if (event.key === Qt.Key_Backspace)
            pad.erased();
        else if (event.key === Qt.Key_Return || event.key === Qt.Key_Enter)
            pad.entered();
        else if (event.text.length === 1 && event.text > " " && event.text !== "\u007f")
            pad.typed(event.text);
        else
            return;
        event.accepted = true;
    }

    Rectangle {
        id: dots
        width: grid.width
        height: Theme.target
        radius: Theme.radius
        color: Theme.surface
        border { width: 2; color: pad.activeFocus ? Theme.accent : Theme.line }
        Row {
            anchors.centerIn: parent
            spacing: 10
            Repeater {
                model: Math.min(pad.count, 16)
                delegate: Rectangle { width: 14; height: 14; radius: 7; color: Theme.text }
            }
        }
        Label {
            anchors.centerIn: parent
            visible: pad.count === 0
            color: Theme.quiet
            text: Kiosk.words.pin_empty
        }
    }
    GridLayout {
        id: grid
        anchors { top: dots.bottom; topMargin: Theme.gap }
        columns: 3
        rowSpacing: 10
        columnSpacing: 10
        Repeater {
            model: ["1", "2", "3", "4", "5", "6", "7", "8", "9"]
            delegate: ActionButton {
                required property string modelData
                objectName: "digit-" + modelData
                implicitWidth: 108
                implicitHeight: 68
                font.pixelSize: 26
                focusPolicy: Qt.NoFocus
                text: modelData
                onClicked: pad.typed(modelData)
            }
        }
        ActionButton {
            objectName: "digit-erase"
            implicitWidth: 108
            implicitHeight: 68
            focusPolicy: Qt.NoFocus
            text: Kiosk.words.pin_erase
            onClicked: pad.erased()
        }
        ActionButton {
            objectName: "digit-0"
            implicitWidth: 108
            implicitHeight: 68
            font.pixelSize: 26
            focusPolicy: Qt.NoFocus
            text: "0"
            onClicked: pad.typed("0")
        }
        ActionButton {
            objectName: "digit-enter"
            implicitWidth: 108
            implicitHeight: 68
            kind: "main"
            focusPolicy: Qt.NoFocus
            enabled: pad.count > 0
            text: Kiosk.words.pin_enter
            onClicked: pad.entered()
        }
    }
}
