import QtQuick
import Kiosk

// Letters, digits and what references are made of, for who has no keyboard, or gloves.
Column {
    id: keyboard

    signal typed(string character)
    signal erased()

    // What is said of keys that are no letter or digit.
    readonly property var signs: ({
        "-": Kiosk.words.keyboard_hyphen, ".": Kiosk.words.keyboard_dot,
        "/": Kiosk.words.keyboard_slash, "_": Kiosk.words.keyboard_underscore
    })
    readonly property var lines: ["1234567890", "QWERTYUIOP", "ASDFGHJKL-", "ZXCVBNM./_"]

    spacing: 8
    Repeater {
        model: keyboard.lines
        delegate: Row {
            id: line
            required property string modelData
            spacing: 8
            Repeater {
                model: modelData.length
                delegate: ActionButton {
                    required property int index
                    readonly property string character: line.modelData[index]
                    width: 60
                    text: character
                    Accessible.name: keyboard.signs[character] || character
                    focusPolicy: Qt.NoFocus
                    onClicked: keyboard.typed(character)
                }
            }
        }
    }
    ActionButton {
        width: 10 * 60 + 9 * 8
        text: Kiosk.words.keyboard_erase
        focusPolicy: Qt.NoFocus
        onClicked: keyboard.erased()
    }
}
