import QtQuick
import Kiosk
import "../controls"

// What the operation is to change: handles by region, and the photo as they move.
Page {
    id: page

    readonly property var values: Kiosk.changes.shows === "wished" ? Kiosk.changes.wished : Kiosk.changes.least

    title: Kiosk.words.changes_title
    sentence: Kiosk.words.changes_more
    back: Kiosk.words.go_back
    next: Kiosk.words.changes_compare
    nextEnabled: Object.keys(Kiosk.changes.wished).length > 0
    onGoBack: Kiosk.act("place.back", [])
    onGoOn: Kiosk.act("changes.accept", [])
    Component.onCompleted: Kiosk.act("changes.load", [])
    extra: ActionButton {
        objectName: "reset"
        text: Kiosk.words.changes_reset
        enabled: Object.keys(page.values).length > 0
        onClicked: Kiosk.act("changes.reset", [])
    }

    Picture {
        id: photo
        anchors { left: parent.left; top: parent.top; bottom: parent.bottom; right: panel.left; rightMargin: Theme.gap }
        name: peek.pressed ? "before" : "after"
        label: Kiosk.words.changes_photo
    }
    ActionButton {
        id: peek
        objectName: "peek"
        anchors { left: photo.left; bottom: photo.bottom; margins: 12 }
        text: Kiosk.words.changes_peek
    }
    Column {
        id: panel
        anchors { right: parent.right; top: parent.top; bottom: parent.bottom }
        width: 440
        spacing: 10
        Row {
            spacing: 10
            Repeater {
                model: ["wished", "least"]
                delegate: Tile {
                    required property string modelData
                    objectName: "kind-" + modelData
                    width: 215
                    text: Kiosk.words["changes_" + modelData]
                    chosen: Kiosk.changes.shows === modelData
                    onClicked: Kiosk.act("changes.choose_kind", [modelData])
                }
            }
        }
        Flow {
            width: parent.width
            spacing: 8
            Repeater {
                model: Kiosk.changes.regions
                delegate: ActionButton {
                    required property string modelData
                    objectName: "region-" + modelData
                    kind: Kiosk.changes.region === modelData ? "main" : "plain"
                    text: Kiosk.words["region_" + modelData]
                    onClicked: Kiosk.act("changes.choose", [modelData])
                }
            }
        }
        ListView {
            width: parent.width
            height: panel.height - y
            clip: true
            spacing: 12
            model: Kiosk.changes.knobs.filter(knob => knob.region === Kiosk.changes.region)
            delegate: Column {
                required property var modelData
                width: ListView.view.width
                ValueSlider {
                    objectName: modelData.name
                    width: parent.width
                    name: Kiosk.words["handle_" + modelData.name.replace(/-/g, "_")]
                    unit: Kiosk.words["unit_" + modelData.unit]
                    from: modelData.least
                    to: modelData.most
                    step: modelData.step
                    value: page.values[modelData.name] || 0
                    least: Kiosk.changes.shows === "wished" && Kiosk.changes.least[modelData.name] !== undefined
                           ? Kiosk.changes.least[modelData.name] : NaN
                    onMoved: value => Kiosk.act("changes.move", [modelData.name, value])
                }
                Label {
                    visible: Kiosk.changes.left_out[modelData.name] !== undefined
                    width: parent.width
                    text: "⚠ " + Kiosk.words.changes_left_out
                    color: Theme.warning
                    font.pixelSize: Theme.small
                }
            }
        }
    }
}
