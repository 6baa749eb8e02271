import QtQuick

// A QR code, as the view model drew it: rows of 0 and 1.
Rectangle {
    id: code

    property string text: ""
    property string label: ""
    readonly property var rows: text === "" ? [] : text.split("\n")
    readonly property int module: rows.length > 0 ? Math.max(2, Math.floor(420 / (rows.length + 8))) : 0

    width: (rows.length + 8) * module
    height: width
    color: "white"
    Accessible.role: Accessible.Graphic
    Accessible.name: label
    Repeater {
        model: code.rows
        delegate: Item {
            id: line
            required property int index
            required property string modelData
            y: (index + 4) * code.module
            Repeater {
                model: line.modelData.length
                delegate: Rectangle {
                    required property int index
                    visible: line.modelData[index] === "1"
                    x: (index + 4) * code.module
                    width: code.module
                    height: code.module
                    color: "black"
                }
            }
        }
    }
}
