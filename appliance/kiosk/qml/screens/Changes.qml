import QtQuick
import Kiosk
import "../controls"

// What the operation is to change: handles by region, by hand, and the photo as they move.
Page {
    id: page

    readonly property var values: Kiosk.changes.shows === "wished" ? Kiosk.changes.wished : Kiosk.changes.least
    readonly property string tool: Kiosk.hand.tool
    readonly property bool changed: Object.keys(Kiosk.changes.wished).length > 0 || Kiosk.hand.drags.length > 0 || Kiosk.hand.outlines.length > 0

    title: Kiosk.words.changes_title
    sentence: Kiosk.changes.looking ? Kiosk.words.changes_looking
              : Kiosk.changes.share < 0.99 ? Kiosk.words.changes_folds.arg(Math.round(100 * Kiosk.changes.share))
              : tool === "drag" ? Kiosk.words.hand_drag_more.arg(Kiosk.hand.drag_mm)
              : tool === "region" ? Kiosk.words.hand_region_more : Kiosk.words.changes_more
    back: Kiosk.words.go_back
    next: Kiosk.words.changes_compare
    nextEnabled: changed && !Kiosk.changes.refused
    onGoBack: Kiosk.act("place.back", [])
    onGoOn: Kiosk.act("changes.accept", [])
    Component.onCompleted: {
        Kiosk.act("changes.fit", [Math.max(photo.width, photo.height)]);
        Kiosk.act("changes.load", []);
    }
    extra: [
        Repeater {
            model: Kiosk.hand.drag_mm > 0 || Kiosk.hand.with_regions ? ["handles", "drag", "region"] : []
            delegate: ActionButton {
                required property string modelData
                objectName: "tool-" + modelData
                visible: modelData === "handles" || (modelData === "drag" ? Kiosk.hand.drag_mm > 0 : Kiosk.hand.with_regions)
                kind: page.tool === modelData ? "main" : "plain"
                text: (page.tool === modelData ? "✓ " : "") + Kiosk.words["hand_" + modelData]
                onClicked: Kiosk.act("hand.choose", [modelData])
            }
        },
        ActionButton {
            objectName: "undo"
            visible: page.tool !== "handles"
            enabled: Kiosk.hand.can_undo
            text: Kiosk.words.hand_undo
            onClicked: Kiosk.act("hand.undo", [])
        },
        ActionButton {
            objectName: "reset"
            text: Kiosk.words.changes_reset
            enabled: page.changed || Object.keys(Kiosk.changes.least).length > 0
            onClicked: Kiosk.act("changes.reset", [])
        }
    ]

    Picture {
        id: photo
        anchors { left: parent.left; top: parent.top; bottom: tools.top; bottomMargin: 10; right: panel.left; rightMargin: Theme.gap }
        name: peek.down ? "before" : "after"
        ratio: Math.max(own, Kiosk.changes.ratio * 1.06)   // so that nothing jumps where words come below
        zoom: Kiosk.changes.close ? Kiosk.changes.zoom : 1
        panX: Kiosk.changes.close ? most(Kiosk.changes.face_x - 0.5) : 0
        panY: Kiosk.changes.close ? most(Kiosk.changes.face_y * Kiosk.changes.ratio / ratio - 0.5) : 0
        function most(pan) { const edge = (1 - 1 / zoom) / 2; return Math.max(-edge, Math.min(edge, pan)); }
        label: Kiosk.words.changes_photo

        Item {
            id: over             // lies over the photo itself, without the words below it
            x: photo.shownX
            y: photo.shownY
            width: photo.shownWidth
            height: photo.shownWidth * Kiosk.changes.ratio
            visible: !peek.down
            Repeater {
                model: Kiosk.changes.with_lines ? Kiosk.changes.lines : []
                delegate: Stroke {
                    required property var modelData
                    required property int index
                    fromX: modelData.x * over.width
                    fromY: modelData.y * over.height
                    toX: modelData.to_x * over.width
                    toY: modelData.to_y * over.height
                    height: index === 0 ? 3 : 1.5
                    color: Theme.warning
                    opacity: 0.8
                }
            }
            Repeater {
                model: Kiosk.hand.drags
                delegate: Item {
                    id: drag
                    required property var modelData
                    Stroke {
                        fromX: drag.modelData.x * over.width
                        fromY: drag.modelData.y * over.height
                        toX: drag.modelData.to_x * over.width
                        toY: drag.modelData.to_y * over.height
                        height: 3
                    }
                    Rectangle {
                        x: drag.modelData.to_x * over.width - 6
                        y: drag.modelData.to_y * over.height - 6
                        width: 12
                        height: 12
                        radius: 6
                        color: Theme.accent
                    }
                }
            }
            Repeater {
                model: Kiosk.hand.outlines
                delegate: Outline {
                    required property var modelData
                    anchors.fill: over
                    corners: modelData
                    closed: true
                }
            }
            Outline {
                anchors.fill: parent
                corners: Kiosk.hand.corners
                marked: true
            }
            Stroke {             // a drag under way
                visible: hand.dragging
                fromX: hand.startX
                fromY: hand.startY
                toX: hand.nowX
                toY: hand.nowY
                height: 3
                color: Theme.text
            }
            Rectangle {          // where keys would touch
                visible: hand.activeFocus
                x: hand.nowX - 14
                y: hand.nowY - 14
                width: 28
                height: 28
                radius: 14
                color: "transparent"
                border { width: 3; color: Theme.text }
            }
            MouseArea {
                id: hand
                property real startX: 0
                property real startY: 0
                property real nowX: width / 2
                property real nowY: height / 2
                property bool dragging: false
                function begin() { startX = nowX; startY = nowY; dragging = page.tool === "drag"; }
                function finish() {
                    if (page.tool === "region")
                        Kiosk.act("hand.corner", [nowX / width, nowY / height]);
                    else if (dragging)
                        Kiosk.act("hand.drag", [startX / width, startY / height, nowX / width, nowY / height]);
                    dragging = false;
                }
                function step(x, y, fine) {
                    nowX = Math.max(0, Math.min(width, nowX + x * (fine ? 1 : 8)));
                    nowY = Math.max(0, Math.min(height, nowY + y * (fine ? 1 : 8)));
                }
                objectName: "hand"
                anchors.fill: parent
                enabled: page.tool !== "handles"
                visible: enabled
                activeFocusOnTab: enabled
                Accessible.role: Accessible.Button
                Accessible.name: Kiosk.words.hand_name
                Accessible.onPressAction: finish()
                onPressed: mouse => { nowX = mouse.x; nowY = mouse.y; begin(); }
                onPositionChanged: mouse => { nowX = Math.max(0, Math.min(width, mouse.x)); nowY = Math.max(0, Math.min(height, mouse.y)); }
                onReleased: finish()
                onCanceled: dragging = false
                Keys.onPressed: event => {
                    const fine = (event.modifiers & Qt.ShiftModifier) !== 0;
                    if (event.key === Qt.Key_Left) step(-1, 0, fine);
                    else if (event.key === Qt.Key_Right) step(1, 0, fine);
                    else if (event.key === Qt.Key_Up) step(0, -1, fine);
                    else if (event.key === Qt.Key_Down) step(0, 1, fine);
                    else if (event.key === Qt.Key_Space && page.tool === "drag" && !dragging) begin();
                    else if (event.key === Qt.Key_Space) finish();
                    else return;
                    event.accepted = true;
                }
            }
        }
    }
    Rectangle {              // the words of a simulation, where zoom leaves them out of sight
        anchors { left: photo.left; right: photo.right; bottom: photo.bottom }
        height: said.implicitHeight + 8
        visible: photo.zoom > 1 && page.changed
        color: Theme.background
        opacity: 0.85
        Label { id: said; anchors.centerIn: parent; width: parent.width - 16; text: Kiosk.words.compare_more; font.pixelSize: Theme.small; horizontalAlignment: Text.AlignHCenter }
    }
    Row {
        id: tools
        anchors { left: parent.left; bottom: parent.bottom }
        spacing: 8
        ActionButton {
            id: peek
            objectName: "peek"
            text: Kiosk.words.changes_peek
        }
        ActionButton {
            objectName: "close"
            visible: Kiosk.changes.zoom > 1
            text: Kiosk.changes.close ? Kiosk.words.changes_whole : Kiosk.words.changes_close
            onClicked: Kiosk.act("changes.come_closer", [])
        }
        ActionButton {
            objectName: "lines"
            visible: Kiosk.changes.lines.length > 0
            kind: Kiosk.changes.with_lines ? "main" : "plain"
            text: (Kiosk.changes.with_lines ? "✓ " : "") + Kiosk.words.changes_lines
            onClicked: Kiosk.act("changes.show_lines", [])
        }
    }
    Item {
        id: panel
        anchors { right: parent.right; top: parent.top; bottom: parent.bottom }
        width: 540
        Row {
            id: kinds
            spacing: 10
            visible: page.tool === "handles"
            Repeater {
                model: ["wished", "least"]
                delegate: Tile {
                    required property string modelData
                    objectName: "kind-" + modelData
                    width: 265
                    padding: 14
                    text: Kiosk.words["changes_" + modelData]
                    chosen: Kiosk.changes.shows === modelData
                    onClicked: Kiosk.act("changes.choose_kind", [modelData])
                }
            }
        }
        Flickable {
            id: regions
            anchors { left: parent.left; top: kinds.bottom; bottom: parent.bottom; topMargin: 10 }
            width: 118
            visible: page.tool === "handles"
            clip: true
            contentHeight: column.height
            Column {
                id: column
                spacing: 6
                Repeater {
                    model: Kiosk.changes.regions
                    delegate: ActionButton {
                        required property string modelData
                        objectName: "region-" + modelData
                        width: regions.width
                        kind: Kiosk.changes.region === modelData ? "main" : "plain"
                        text: (Kiosk.changes.region === modelData ? "✓ " : "") + Kiosk.words["region_" + modelData]
                        onClicked: Kiosk.act("changes.choose", [modelData])
                    }
                }
            }
        }
        ListView {
            id: knobs
            objectName: "knobs"
            anchors { left: regions.right; leftMargin: Theme.gap; right: parent.right; top: kinds.bottom; bottom: parent.bottom; topMargin: 10 }
            visible: page.tool === "handles"
            clip: true
            spacing: 12
            model: Kiosk.changes.knobs.filter(knob => knob.region === Kiosk.changes.region)
            delegate: ValueSlider {
                required property var modelData
                required property int index
                onReached: knobs.positionViewAtIndex(index, ListView.Contain)
                objectName: modelData.name
                width: knobs.width
                name: Kiosk.words["handle_" + modelData.name.replace(/-/g, "_")]
                unit: Kiosk.words["unit_" + modelData.unit]
                enabled: modelData.why_not === ""
                note: enabled ? "" : Kiosk.words["why_not_" + modelData.why_not.replace(/-/g, "_")]
                from: modelData.least
                to: modelData.most
                lowest: modelData.lowest
                highest: modelData.highest
                step: modelData.step
                value: page.values[modelData.name] || 0
                least: Kiosk.changes.shows === "wished" && Kiosk.changes.least[modelData.name] !== undefined
                       ? Kiosk.changes.least[modelData.name] : NaN
                onMoved: value => Kiosk.act("changes.move", [modelData.name, value])
            }
        }
        Column {
            anchors { left: parent.left; right: parent.right; top: parent.top }
            spacing: 10
            visible: page.tool === "drag"
            Label { width: parent.width; text: Kiosk.words.hand_drag_how }
            Label { width: parent.width; text: Kiosk.words.hand_made.arg(Kiosk.hand.drags.length); color: Theme.quiet }
        }
        Column {
            anchors { left: parent.left; right: parent.right; top: parent.top }
            spacing: 8
            visible: page.tool === "region"
            Grid {
                columns: 2
                spacing: 8
                Repeater {
                    model: ["line", "region", "shape", "mean"]
                    delegate: Tile {
                        required property string modelData
                        objectName: "mode-" + modelData
                        width: (panel.width - 8) / 2
                        height: 112
                        padding: 12
                        text: Kiosk.words["hand_mode_" + modelData]
                        note: Kiosk.words["hand_note_" + modelData]
                        chosen: Kiosk.hand.mode === modelData
                        onClicked: Kiosk.act("hand.choose_mode", [modelData])
                    }
                }
            }
            ValueSlider {
                objectName: "share"
                width: panel.width
                visible: Kiosk.hand.by_shares
                name: Kiosk.words.hand_share
                unit: Kiosk.words.unit_percent
                from: 0
                to: 100
                step: 10
                value: Kiosk.hand.share
                onMoved: value => Kiosk.act("hand.choose_share", [value])
            }
            ActionButton {
                objectName: "enclose"
                width: panel.width
                kind: "main"
                enabled: Kiosk.hand.can_enclose
                text: Kiosk.words.hand_enclose
                onClicked: Kiosk.act("hand.enclose", [])
            }
        }
    }
}
