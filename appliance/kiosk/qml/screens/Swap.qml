import QtQuick
import Kiosk
import "../controls"

// How much of the face, and by which engine, with a preview at any place of the film.
Page {
    id: page

    readonly property bool isFilm: Kiosk.swap.seconds > 0
    readonly property var offers: Kiosk.swap.offers

    title: Kiosk.words.swap_title
    sentence: Kiosk.swap.missing ? "⚠ " + Kiosk.words.swap_missing
              : Kiosk.swap.fresh ? Kiosk.words.swap_more : Kiosk.words.swap_drawing
    back: Kiosk.words.go_back
    next: Kiosk.words.swap_make
    onGoBack: Kiosk.act("place.back", [])
    onGoOn: Kiosk.act("swap.accept", [])
    Component.onCompleted: Kiosk.act("swap.load", [])
    extra: ActionButton {
        objectName: "reset"
        visible: Kiosk.swap.panel === "regions"
        text: Kiosk.words.swap_reset
        onClicked: Kiosk.act("swap.reset", [])
    }

    Picture {
        id: photo
        anchors { left: parent.left; right: panel.left; rightMargin: Theme.gap; top: parent.top; bottom: scrubber.top; bottomMargin: page.isFilm ? 8 : 0 }
        name: peek.pressed ? "before" : "after"
        label: Kiosk.words.swap_preview
    }
    ActionButton {
        id: peek
        objectName: "peek"
        anchors { left: photo.left; bottom: photo.bottom; margins: 12 }
        text: Kiosk.words.swap_peek
    }
    Scrubber {
        id: scrubber
        objectName: "scrubber"
        anchors { left: photo.left; right: photo.right; bottom: parent.bottom }
        visible: page.isFilm
        height: visible ? implicitHeight : 0
        seconds: Kiosk.swap.seconds
        step: Kiosk.swap.step
        at: Kiosk.swap.at
        onMoved: at => Kiosk.act("swap.seek", [at])
    }
    Column {
        id: panel
        anchors { right: parent.right; top: parent.top; bottom: parent.bottom }
        width: 400
        spacing: 10
        Row {
            spacing: 10
            Repeater {
                model: ["regions", "engine"]
                delegate: Tile {
                    required property string modelData
                    objectName: "panel-" + modelData
                    width: 195
                    text: Kiosk.words["swap_" + modelData]
                    chosen: Kiosk.swap.panel === modelData
                    onClicked: Kiosk.act("swap.choose_panel", [modelData])
                }
            }
        }
        ListView {
            id: strengths
            width: parent.width
            height: panel.height - y
            visible: Kiosk.swap.panel === "regions"
            clip: true
            spacing: 12
            model: Kiosk.swap.regions
            delegate: ValueSlider {
                required property string modelData
                required property int index
                objectName: modelData
                onReached: strengths.positionViewAtIndex(index, ListView.Contain)
                width: ListView.view.width
                name: modelData === "face" ? Kiosk.words.swap_whole : Kiosk.words["region_" + modelData]
                unit: Kiosk.words.unit_percent
                signed: false
                from: 0
                to: 100
                step: 5
                value: Kiosk.swap.strengths[modelData] !== undefined ? Kiosk.swap.strengths[modelData] : Kiosk.swap.strengths["face"]
                onMoved: value => Kiosk.act("swap.move", [modelData, value])
            }
        }
        Flickable {
            width: parent.width
            height: panel.height - y
            visible: Kiosk.swap.panel === "engine"
            clip: true
            id: flick
            contentHeight: choices.height
            function reveal(item) {
                const y = item.mapToItem(choices, 0, 0).y;
                contentY = Math.max(0, Math.min(y, Math.max(contentY, y + item.height - height)));
            }
            Column {
                id: choices
                width: parent.width
                spacing: 10
                Repeater {
                    model: Kiosk.swap.engines
                    delegate: Tile {
                        required property var modelData
                        objectName: "engine-" + modelData.name
                        width: choices.width
                        enabled: modelData.usable
                        text: modelData.name === "" ? Kiosk.words.bar_mesh : modelData.title
                        note: modelData.name === "" ? Kiosk.words.swap_mesh_more
                              : modelData.usable ? Kiosk.words.swap_pack.arg(modelData.name) : Kiosk.words.swap_refused
                        chosen: Kiosk.swap.engine === modelData.name
                        onActiveFocusChanged: if (activeFocus) flick.reveal(this)
                        onClicked: Kiosk.act("swap.choose_engine", [modelData.name])
                    }
                }
                ValueSlider {
                    objectName: "restore"
                    visible: page.offers.includes("restore")
                    width: choices.width
                    name: Kiosk.words.swap_restore
                    unit: Kiosk.words.unit_percent
                    signed: false
                    from: 0
                    to: 100
                    step: 10
                    value: Kiosk.swap.restore
                    onReached: flick.reveal(this)
                    onMoved: value => Kiosk.act("swap.choose_restore", [value])
                }
                CheckTile {
                    objectName: "in-front"
                    visible: page.offers.includes("in-front")
                    width: choices.width
                    text: Kiosk.words.swap_in_front
                    checked: Kiosk.swap.in_front
                    onActiveFocusChanged: if (activeFocus) flick.reveal(this)
                    onClicked: Kiosk.act("swap.choose_in_front", [])
                }
                Repeater {
                    model: [1, 2, 4]
                    delegate: Tile {
                        required property int modelData
                        objectName: "upscale-" + modelData
                        visible: modelData === 1 ? page.offers.includes("x2") || page.offers.includes("x4") : page.offers.includes("x" + modelData)
                        width: choices.width
                        text: modelData === 1 ? Kiosk.words.swap_size : Kiosk.words.swap_larger.arg(modelData)
                        chosen: Kiosk.swap.upscale === modelData
                        onActiveFocusChanged: if (activeFocus) flick.reveal(this)
                        onClicked: Kiosk.act("swap.choose_upscale", [modelData])
                    }
                }
            }
        }
    }
}
