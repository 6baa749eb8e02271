import QtQuick
import Kiosk
import "../controls"

// Before and after, in three ways, zoomed and moved in step.
Page {
    id: page

    readonly property string mode: Kiosk.compare.mode
    readonly property string after: Kiosk.compare.shows
    readonly property bool sides: mode === "sides"
    readonly property real step: 0.05

    function zoom(factor) { Kiosk.act("compare.zoom", [factor]); }
    function pan(right, down) {
        Kiosk.act("compare.pan", [right / Math.max(1, left.shownWidth), down / Math.max(1, left.shownHeight)]);
    }

    title: Kiosk.words.compare_title
    sentence: Kiosk.words.compare_more
    back: Kiosk.words.go_back
    next: Kiosk.words.compare_keep
    onGoBack: Kiosk.act("place.back", [])
    onGoOn: Kiosk.act("compare.accept", [])
    Component.onCompleted: Kiosk.act("compare.load", [])

    Flow {
        id: ways
        anchors { left: parent.left; right: parent.right; top: parent.top }
        spacing: 10
        Repeater {
            model: ["divider", "sides", "blink"]
            delegate: ActionButton {
                required property string modelData
                objectName: "mode-" + modelData
                kind: page.mode === modelData ? "main" : "plain"
                text: (page.mode === modelData ? "✓ " : "") + Kiosk.words["compare_" + modelData]
                onClicked: Kiosk.act("compare.choose", [modelData])
            }
        }
        ActionButton {
            objectName: "mirror"
            kind: Kiosk.compare.mirrored ? "main" : "plain"
            text: (Kiosk.compare.mirrored ? "✓ " : "") + Kiosk.words.compare_mirror
            onClicked: Kiosk.act("compare.mirror", [])
        }
        Repeater {
            model: Kiosk.compare.has_least ? ["wished", "least"] : []
            delegate: ActionButton {
                required property string modelData
                objectName: "kind-" + modelData
                kind: page.after === modelData ? "main" : "plain"
                text: (page.after === modelData ? "✓ " : "") + Kiosk.words["changes_" + modelData]
                onClicked: Kiosk.act("compare.choose_kind", [modelData])
            }
        }
        ActionButton { objectName: "smaller"; width: Theme.target; text: "−"; enabled: Kiosk.compare.zoom > 1; Accessible.name: Kiosk.words.compare_smaller; onClicked: page.zoom(1 / 1.4) }
        ActionButton { objectName: "larger"; width: Theme.target; text: "+"; Accessible.name: Kiosk.words.compare_larger; onClicked: page.zoom(1.4) }
        ActionButton { objectName: "whole"; visible: Kiosk.compare.zoom > 1; text: Kiosk.words.compare_whole; onClicked: Kiosk.act("compare.whole", []) }
    }
    Item {
        id: stage
        objectName: "stage"
        anchors { left: parent.left; right: parent.right; top: ways.bottom; bottom: parent.bottom; topMargin: Theme.gap }
        activeFocusOnTab: true
        clip: true
        Accessible.role: Accessible.Graphic
        Accessible.name: Kiosk.words.compare_stage
        Keys.onPressed: event => {
            const most = page.step * left.shownWidth;
            if (event.key === Qt.Key_Plus || event.key === Qt.Key_Equal) page.zoom(1.2);
            else if (event.key === Qt.Key_Minus) page.zoom(1 / 1.2);
            else if (event.key === Qt.Key_0) Kiosk.act("compare.whole", []);
            else if (event.key === Qt.Key_Left) page.pan(-most, 0);
            else if (event.key === Qt.Key_Right) page.pan(most, 0);
            else if (event.key === Qt.Key_Up) page.pan(0, -most);
            else if (event.key === Qt.Key_Down) page.pan(0, most);
            else return;
            event.accepted = true;
        }

        Picture {
            id: left
            width: page.sides ? (parent.width - Theme.gap) / 2 : parent.width
            height: parent.height
            ratio: Math.max(Kiosk.compare.ratio, right.own)
            name: "before"
            label: Kiosk.words.compare_before
            mirrored: Kiosk.compare.mirrored
            zoom: Kiosk.compare.zoom
            panX: Kiosk.compare.pan_x
            panY: Kiosk.compare.pan_y
            visible: page.mode !== "blink" || !blink.on
        }
        Item {
            id: half
            clip: true
            anchors { right: parent.right; top: parent.top; bottom: parent.bottom }
            width: page.sides ? (parent.width - Theme.gap) / 2
                   : page.mode === "divider" ? parent.width - divider.x - divider.width / 2 : parent.width
            visible: page.mode !== "blink" || blink.on
            Rectangle { anchors.fill: parent; color: Theme.background }
            Picture {
                id: right
                anchors.right: parent.right
                width: page.sides ? parent.width : stage.width
                height: parent.height
                ratio: left.ratio
                name: page.after
                label: Kiosk.words["changes_" + page.after]
                mirrored: Kiosk.compare.mirrored
                zoom: Kiosk.compare.zoom
                panX: Kiosk.compare.pan_x
                panY: Kiosk.compare.pan_y
            }
        }
        Timer {
            id: blink
            property bool on: false
            interval: 800
            repeat: true
            running: page.mode === "blink"
            onTriggered: on = !on
        }
        DragHandler {
            target: null
            acceptedButtons: Qt.LeftButton
            property real lastX: 0
            property real lastY: 0
            onActiveChanged: { lastX = 0; lastY = 0; }
            onActiveTranslationChanged: {
                page.pan(lastX - activeTranslation.x, lastY - activeTranslation.y);
                lastX = activeTranslation.x;
                lastY = activeTranslation.y;
            }
        }
        PinchHandler {
            objectName: "pinch"
            target: null
            onScaleChanged: delta => page.zoom(delta)
            onTranslationChanged: delta => page.pan(-delta.x, -delta.y)
        }
        WheelHandler {
            acceptedDevices: PointerDevice.Mouse | PointerDevice.TouchPad
            onWheel: event => page.zoom(event.angleDelta.y > 0 ? 1.2 : 1 / 1.2)
        }
        TapHandler { onDoubleTapped: Kiosk.act("compare.whole", []) }
        Rectangle {
            id: divider
            objectName: "divider"
            visible: page.mode === "divider"
            width: 4
            height: parent.height
            x: parent.width / 2
            color: Theme.text
            activeFocusOnTab: true
            Accessible.role: Accessible.Slider
            Accessible.name: Kiosk.words.compare_divider_name
            Keys.onLeftPressed: x = Math.max(0, x - 24)
            Keys.onRightPressed: x = Math.min(stage.width - width, x + 24)
            Rectangle {
                anchors.horizontalCenter: parent.horizontalCenter
                anchors.bottom: parent.bottom
                anchors.bottomMargin: 12
                width: Theme.target
                height: Theme.target
                radius: Theme.target / 2
                color: Theme.text
                border { width: divider.activeFocus ? 5 : 0; color: Theme.accent }
                Text { anchors.centerIn: parent; text: "‹ ›"; color: Theme.background; font { pixelSize: 24; bold: true; family: Theme.family } }
            }
            MouseArea {
                anchors { fill: parent; leftMargin: -30; rightMargin: -30 }
                drag { target: divider; axis: Drag.XAxis; minimumX: 0; maximumX: stage.width - divider.width }
            }
        }
        Repeater {
            model: page.mode === "blink" ? [blink.on ? page.after : "before"] : ["before", page.after]
            delegate: Rectangle {
                id: tag
                required property int index
                required property string modelData
                x: page.sides && index === 1 ? (stage.width + Theme.gap) / 2 + 12
                   : index === 1 ? stage.width - width - 12 : 12
                y: 12
                width: name.implicitWidth + 24
                height: 40
                radius: 20
                color: Theme.surface
                Text {
                    id: name
                    anchors.centerIn: parent
                    text: tag.modelData === "before" ? Kiosk.words.compare_before : Kiosk.words["compare_after_" + tag.modelData]
                    color: Theme.text
                    font { family: Theme.family; pixelSize: Theme.body }
                }
            }
        }
    }
}
