import QtQuick

// The parts of a view, side by side; the one that is shown has a frame and a tick. `parts`: name and
// text of each.
Item {
    id: tabs

    property var parts: []
    property string chosen: ""
    property string remark: ""

    signal wanted(string name)

    implicitHeight: Theme.target
    Row {
        id: row
        spacing: 8
        Repeater {
            model: tabs.parts
            delegate: Tile {
                required property var modelData
                objectName: "part-" + modelData.name
                width: 190
                padding: 12
                text: modelData.text
                chosen: tabs.chosen === modelData.name
                onClicked: tabs.wanted(modelData.name)
            }
        }
    }
    Label {
        anchors { left: row.right; leftMargin: Theme.gap; right: parent.right; verticalCenter: parent.verticalCenter }
        text: tabs.remark
        color: Theme.quiet
        font.pixelSize: Theme.small
        horizontalAlignment: Text.AlignRight
    }
}
