import QtQuick

// Sixteen groups of four digits, in four lines of four, to be compared by eye or read out.
Column {
    id: fingerprint

    property string heading: ""
    property var groups: []

    spacing: 6
    visible: groups.length > 0
    Accessible.role: Accessible.StaticText
    Accessible.name: heading + ": " + groups.join(" ")
    Label {
        width: parent.width
        text: fingerprint.heading
        color: Theme.quiet
        font.pixelSize: Theme.small
        Accessible.ignored: true
    }
    Grid {
        columns: 4
        columnSpacing: 16
        rowSpacing: 2
        Repeater {
            model: fingerprint.groups
            delegate: Row {
                id: group
                required property string modelData
                Repeater {          // one width for every digit, so that the lines stand in columns
                    model: group.modelData.length
                    delegate: Text {
                        required property int index
                        width: 13
                        text: group.modelData[index]
                        color: Theme.text
                        font { family: Theme.family; pixelSize: 20 }
                        textFormat: Text.PlainText
                        horizontalAlignment: Text.AlignHCenter
                    }
                }
            }
        }
    }
}
