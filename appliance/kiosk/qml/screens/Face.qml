import QtQuick
import Kiosk
import "../controls"

// The face that is meant, drawn on the photo; points to be set by hand where the network needs help.
Page {
    id: page

    readonly property string point: Kiosk.face.point
    readonly property var at: Kiosk.face.places[point] || ({ x: 0.5, y: 0.5 })
    readonly property bool chosenPoint: point !== "" && Kiosk.face.places[point] !== undefined

    function named(name) { return Kiosk.words["landmark_" + name.replace(/-/g, "_")]; }
    function called(name) { return Kiosk.words["face_name_" + name]; }
    function nudge(right, down) { Kiosk.act("face.nudge", [page.point, right, down]); }

    title: Kiosk.words.face_title
    sentence: Kiosk.face.looking ? Kiosk.words.face_looking
              : Kiosk.face.with_points ? Kiosk.words.face_drag
              : Kiosk.face.boxes.length > 1 ? Kiosk.words.face_several
              : Kiosk.face.found ? Kiosk.words.face_one : Kiosk.words.face_none
    back: Kiosk.words.go_back
    next: Kiosk.words.go_on
    nextEnabled: Kiosk.face.chosen > 0 || Kiosk.face.points.length > 0
    onGoBack: Kiosk.act("place.back", [])
    onGoOn: Kiosk.act("face.accept", [])
    Component.onCompleted: Kiosk.act("face.load", [])
    extra: [
        ActionButton {
            objectName: "undo"
            visible: Kiosk.face.with_points
            enabled: Kiosk.face.can_undo
            text: Kiosk.words.face_undo
            onClicked: Kiosk.act("face.undo", [])
        },
        ActionButton {
            objectName: "points"
            visible: Kiosk.face.found
            enabled: !Kiosk.face.looking && (Kiosk.face.with_points || Kiosk.face.chosen > 0)
            text: Kiosk.face.with_points ? Kiosk.words.face_drop_points : Kiosk.words.face_points
            onClicked: Kiosk.act(Kiosk.face.with_points ? "face.drop_points" : "face.propose", [])
        }
    ]

    Picture {
        id: photo
        anchors { left: parent.left; top: parent.top; bottom: parent.bottom; right: panel.visible ? panel.left : parent.right; rightMargin: panel.visible ? Theme.gap : 0 }
        name: "before"
        label: Kiosk.words.face_photo
        clip: false
        Repeater {
            model: Kiosk.face.boxes
            delegate: Rectangle {
                id: box
                required property var modelData
                readonly property bool chosen: Kiosk.face.chosen === modelData.number
                x: photo.shownX + modelData.x * photo.shownWidth
                y: photo.shownY + modelData.y * photo.shownHeight
                width: modelData.width * photo.shownWidth
                height: modelData.height * photo.shownHeight
                visible: !Kiosk.face.with_points
                color: "transparent"
                radius: 8
                border { width: chosen ? 4 : 2; color: activeFocus ? Theme.text : chosen ? Theme.accent : Theme.text }
                activeFocusOnTab: visible
                Accessible.role: Accessible.RadioButton
                Accessible.name: page.called(modelData.name)
                Accessible.checkable: true
                Accessible.checked: chosen
                Accessible.onPressAction: Kiosk.act("face.choose", [modelData.number])
                Keys.onSpacePressed: Kiosk.act("face.choose", [modelData.number])
                Keys.onReturnPressed: Kiosk.act("face.choose", [modelData.number])
                Rectangle {
                    anchors { left: parent.left; bottom: parent.top; bottomMargin: 4 }
                    width: name.implicitWidth + 20
                    height: 34
                    radius: 8
                    color: Theme.surface
                    border { width: box.activeFocus ? 3 : 0; color: Theme.text }
                    Text {
                        id: name
                        anchors.centerIn: parent
                        text: box.chosen ? "✓ " + page.called(box.modelData.name) : box.modelData.number   // short: faces may be near each other
                        color: Theme.text
                        font { family: Theme.family; pixelSize: Theme.small }
                    }
                }
                MouseArea {
                    objectName: "face-" + box.modelData.number
                    anchors.fill: parent
                    anchors.margins: -Math.max(0, (Theme.target - Math.min(box.width, box.height)) / 2)
                    onClicked: Kiosk.act("face.choose", [box.modelData.number])
                }
            }
        }
        Repeater {
            model: Kiosk.face.points
            delegate: Rectangle {
                id: mark
                required property string modelData
                readonly property bool chosen: page.point === modelData
                readonly property var place: Kiosk.face.places[modelData] || ({ x: 0, y: 0 })
                x: photo.shownX + place.x * photo.shownWidth - width / 2
                y: photo.shownY + place.y * photo.shownHeight - height / 2
                width: chosen ? 22 : 14
                height: width
                radius: width / 2
                color: "transparent"
                border { width: chosen ? 4 : 2; color: chosen ? Theme.warning : Theme.accent }
                Rectangle {          // dark around it, for light skin
                    anchors { fill: parent; margins: -2 }
                    radius: width / 2
                    color: "transparent"
                    border { width: 2; color: Theme.background }
                    z: -1
                }
            }
        }
        MouseArea {
            property real startX: 0
            property real startY: 0
            objectName: "hand"
            anchors.fill: parent
            enabled: Kiosk.face.with_points
            visible: enabled
            activeFocusOnTab: enabled
            Accessible.role: Accessible.Slider
            Accessible.name: page.chosenPoint ? page.named(page.point) : Kiosk.words.face_photo
            Keys.onLeftPressed: page.nudge(-1, 0)
            Keys.onRightPressed: page.nudge(1, 0)
            Keys.onUpPressed: page.nudge(0, -1)
            Keys.onDownPressed: page.nudge(0, 1)
            Rectangle {          // where the keyboard is
                anchors { fill: parent; margins: 2 }
                visible: parent.activeFocus
                color: "transparent"
                border { width: 3; color: Theme.text }
            }
            onPressed: mouse => {
                startX = mouse.x;
                startY = mouse.y;
                Kiosk.act("face.touch", [(mouse.x - photo.shownX) / photo.shownWidth, (mouse.y - photo.shownY) / photo.shownHeight,
                                         Theme.target / 2 / photo.shownWidth, Theme.target / 2 / photo.shownHeight]);
            }
            onPositionChanged: mouse => Kiosk.act("face.pull", [(mouse.x - startX) / photo.shownWidth, (mouse.y - startY) / photo.shownHeight])
            onReleased: Kiosk.act("face.let_go", [])
            onCanceled: Kiosk.act("face.let_go", [])
        }
    }
    LoupeItem {
        id: loupe
        readonly property real pointX: photo.x + photo.shownX + page.at.x * photo.shownWidth
        readonly property real pointY: photo.y + photo.shownY + page.at.y * photo.shownHeight
        objectName: "loupe"
        visible: Kiosk.face.with_points && page.chosenPoint
        width: 190
        height: 190
        // Above the finger; next to it where there is no room above.
        x: Math.max(0, Math.min(photo.width - width, pointY - height - 40 < -60 ? (pointX > photo.width / 2 ? pointX - width - 60 : pointX + 60) : pointX - width / 2))
        y: pointY - height - 40 < -60 ? Math.max(-60, pointY - height / 2) : pointY - height - 40
        name: "fine"
        at: Qt.point(page.at.x, page.at.y)
        enlarged: 3
        Accessible.role: Accessible.Graphic
        Accessible.name: Kiosk.words.face_loupe
    }
    Item {
        id: panel
        anchors { right: parent.right; top: parent.top; bottom: parent.bottom }
        width: 400
        visible: Kiosk.face.with_points || !Kiosk.face.found
        Flow {                // no face was found: how the head is turned
            id: turns
            width: parent.width
            spacing: 8
            visible: !Kiosk.face.found
            Label { width: parent.width; text: Kiosk.words.face_turn; color: Theme.quiet }
            Repeater {
                model: Kiosk.face.turns
                delegate: ActionButton {
                    required property string modelData
                    objectName: "turn-" + modelData
                    text: Kiosk.words["view_" + modelData.replace(/-/g, "_")]
                    onClicked: Kiosk.act("face.turn", [modelData])
                }
            }
        }
        ListView {
            id: names
            objectName: "landmarks"
            anchors { left: parent.left; right: parent.right; top: turns.visible ? turns.bottom : parent.top; bottom: pad.top; bottomMargin: 8; topMargin: turns.visible ? 8 : 0 }
            visible: Kiosk.face.with_points
            clip: true
            spacing: 6
            model: Kiosk.face.points
            delegate: Tile {
                id: tile
                required property string modelData
                required property int index
                objectName: "landmark-" + modelData
                width: names.width
                padding: 12
                text: page.named(modelData)
                chosen: page.point === modelData
                onActiveFocusChanged: {
                    if (!activeFocus)
                        return;
                    names.positionViewAtIndex(index, ListView.Contain);
                    Kiosk.act("face.select", [modelData]);
                }
                onClicked: Kiosk.act("face.select", [modelData])
                Keys.onLeftPressed: page.nudge(-1, 0)
                Keys.onRightPressed: page.nudge(1, 0)
                Keys.onUpPressed: page.nudge(0, -1)
                Keys.onDownPressed: page.nudge(0, 1)
            }
        }
        Row {
            id: pad
            anchors { left: parent.left; bottom: parent.bottom }
            visible: Kiosk.face.with_points
            height: visible ? Theme.target : 0
            spacing: 8
            Repeater {
                model: [{ name: "left", sign: "←", x: -1, y: 0 }, { name: "right", sign: "→", x: 1, y: 0 },
                        { name: "up", sign: "↑", x: 0, y: -1 }, { name: "down", sign: "↓", x: 0, y: 1 }]
                delegate: ActionButton {
                    required property var modelData
                    objectName: "nudge-" + modelData.name
                    width: 94
                    enabled: page.chosenPoint
                    text: modelData.sign
                    autoRepeat: true
                    Accessible.name: Kiosk.words["face_nudge_" + modelData.name]
                    onClicked: page.nudge(modelData.x, modelData.y)
                }
            }
        }
    }
}
