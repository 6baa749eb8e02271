import QtQuick
import Kiosk
import "../controls"

// Before and after, in three ways, zoomed and moved in step.
Page {
    id: page

    property real zoom: 1
    property real panX: 0
    property real panY: 0

    title: Kiosk.words.compare_title
    sentence: Kiosk.words.compare_more
    back: Kiosk.words.go_back
    next: Kiosk.words.compare_keep
    onGoBack: Kiosk.act("place.back", [])
    onGoOn: Kiosk.act("compare.accept", [])
    Component.onCompleted: Kiosk.act("compare.load", [])

    function zoomTo(wanted) {
        zoom = Math.min(6, Math.max(1, wanted));
        pan(0, 0);
    }
    function pan(x, y) {
        const most = (1 - 1 / zoom) / 2;
        panX = Math.min(most, Math.max(-most, panX + x));
        panY = Math.min(most, Math.max(-most, panY + y));
    }

    Row {
        id: ways
        spacing: 10
        Repeater {
            model: ["divider", "sides", "blink"]
            delegate: ActionButton {
                required property string modelData
                objectName: "mode-" + modelData
                kind: Kiosk.compare.mode === modelData ? "main" : "plain"
                text: Kiosk.words["compare_" + modelData]
                onClicked: Kiosk.act("compare.choose", [modelData])
            }
        }
        ActionButton {
            objectName: "mirror"
            kind: Kiosk.compare.mirrored ? "main" : "plain"
            text: (Kiosk.compare.mirrored ? "✓ " : "") + Kiosk.words.compare_mirror
            onClicked: Kiosk.act("compare.mirror", [])
        }
        ActionButton {
            visible: Kiosk.compare.has_least
            objectName: "kind"
            text: Kiosk.compare.shows === "wished" ? Kiosk.words.compare_show_least : Kiosk.words.compare_show_wished
            onClicked: Kiosk.act("compare.choose_kind", [Kiosk.compare.shows === "wished" ? "least" : "wished"])
        }
        ActionButton { width: Theme.target; text: "−"; Accessible.name: Kiosk.words.compare_smaller; onClicked: page.zoomTo(page.zoom / 1.4) }
        ActionButton { width: Theme.target; text: "+"; Accessible.name: Kiosk.words.compare_larger; onClicked: page.zoomTo(page.zoom * 1.4) }
    }
    Item {
        id: stage
        anchors { left: parent.left; right: parent.right; top: ways.bottom; bottom: parent.bottom; topMargin: Theme.gap }

        Picture {
            id: before
            width: Kiosk.compare.mode === "sides" ? (parent.width - Theme.gap) / 2 : parent.width
            height: parent.height
            name: "before"
            label: Kiosk.words.compare_before
            mirrored: Kiosk.compare.mirrored
            zoom: page.zoom
            panX: page.panX
            panY: page.panY
            visible: Kiosk.compare.mode !== "blink" || !blink.on
        }
        Item {
            clip: true
            anchors { right: parent.right; top: parent.top; bottom: parent.bottom }
            width: Kiosk.compare.mode === "sides" ? (parent.width - Theme.gap) / 2
                   : Kiosk.compare.mode === "divider" ? parent.width - divider.x - divider.width / 2 : parent.width
            visible: Kiosk.compare.mode !== "blink" || blink.on
            Picture {
                anchors.right: parent.right
                width: Kiosk.compare.mode === "sides" ? parent.width : stage.width
                height: parent.height
                name: "after"
                label: Kiosk.words.compare_after
                mirrored: Kiosk.compare.mirrored
                zoom: page.zoom
                panX: page.panX
                panY: page.panY
            }
        }
        Timer {
            id: blink
            property bool on: false
            interval: 800
            repeat: true
            running: Kiosk.compare.mode === "blink"
            onTriggered: on = !on
        }
        MouseArea {
            property real startX: 0
            property real startY: 0
            anchors.fill: parent
            onPressed: mouse => { startX = mouse.x; startY = mouse.y; }
            onPositionChanged: mouse => {
                page.pan((startX - mouse.x) / Math.max(1, before.shownWidth), (startY - mouse.y) / Math.max(1, before.shownHeight));
                startX = mouse.x;
                startY = mouse.y;
            }
            onWheel: wheel => page.zoomTo(page.zoom * (wheel.angleDelta.y > 0 ? 1.2 : 1 / 1.2))
        }
        Rectangle {
            id: divider
            objectName: "divider"
            visible: Kiosk.compare.mode === "divider"
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
                anchors.centerIn: parent
                width: Theme.target
                height: Theme.target
                radius: Theme.target / 2
                color: Theme.text
                border { width: divider.activeFocus ? 4 : 0; color: Theme.accent }
                Text { anchors.centerIn: parent; text: "‹ ›"; color: Theme.background; font { pixelSize: 24; bold: true; family: Theme.family } }
            }
            MouseArea {
                anchors { fill: parent; leftMargin: -30; rightMargin: -30 }
                drag { target: divider; axis: Drag.XAxis; minimumX: 0; maximumX: stage.width - divider.width }
            }
        }
        Repeater {
            model: Kiosk.compare.mode === "blink" ? [blink.on ? "after" : "before"] : ["before", "after"]
            delegate: Rectangle {
                required property int index
                required property string modelData
                x: Kiosk.compare.mode === "sides" && index === 1 ? (stage.width + Theme.gap) / 2 + 12
                   : index === 1 ? stage.width - width - 12 : 12
                y: 12
                width: name.implicitWidth + 24
                height: 40
                radius: 20
                color: Theme.surface
                Text {
                    id: name
                    anchors.centerIn: parent
                    text: Kiosk.words["compare_" + parent.modelData]
                    color: Theme.text
                    font { family: Theme.family; pixelSize: Theme.body }
                }
            }
        }
    }
}
