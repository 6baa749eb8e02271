import QtQuick
import Kiosk
import "../controls"

// The face that is meant, drawn on the photo; points to be set by hand where the network needs help.
Page {
    id: page

    title: Kiosk.words.face_title
    sentence: Kiosk.face.looking ? Kiosk.words.face_looking
              : Kiosk.face.boxes.length > 1 ? Kiosk.words.face_several
              : Kiosk.face.found ? Kiosk.words.face_one : Kiosk.words.face_none
    back: Kiosk.words.go_back
    next: Kiosk.words.go_on
    nextEnabled: Kiosk.face.chosen !== "" || Kiosk.face.points.length > 0
    onGoBack: Kiosk.act("place.back", [])
    onGoOn: Kiosk.act("face.accept", [])
    Component.onCompleted: Kiosk.act("face.load", [])
    extra: ActionButton {
        objectName: "points"
        text: Kiosk.face.with_points ? Kiosk.words.face_drop_points : Kiosk.words.face_points
        onClicked: Kiosk.act(Kiosk.face.with_points ? "face.drop_points" : "face.propose", [])
    }

    Picture {
        id: photo
        anchors.fill: parent
        name: "before"
        label: Kiosk.words.face_photo
        Repeater {
            model: Kiosk.face.boxes
            delegate: Rectangle {
                id: box
                required property var modelData
                readonly property bool chosen: Kiosk.face.chosen === modelData.choice
                x: photo.shownX + modelData.x * photo.shownWidth
                y: photo.shownY + modelData.y * photo.shownHeight
                width: modelData.width * photo.shownWidth
                height: modelData.height * photo.shownHeight
                color: "transparent"
                radius: 8
                border { width: chosen ? 4 : 2; color: chosen ? Theme.accent : Theme.text }
                activeFocusOnTab: true
                Accessible.role: Accessible.RadioButton
                Accessible.name: Kiosk.words["face_" + modelData.choice]
                Accessible.checked: chosen
                Keys.onSpacePressed: Kiosk.act("face.choose", [modelData.choice])
                Keys.onReturnPressed: Kiosk.act("face.choose", [modelData.choice])
                Rectangle {
                    anchors { left: parent.left; bottom: parent.top; bottomMargin: 4 }
                    width: name.implicitWidth + 20
                    height: 34
                    radius: 8
                    color: Theme.surface
                    Text {
                        id: name
                        anchors.centerIn: parent
                        text: (box.chosen ? "✓ " : "") + Kiosk.words["face_" + box.modelData.choice]
                        color: Theme.text
                        font { family: Theme.family; pixelSize: Theme.small }
                    }
                }
                MouseArea {
                    objectName: "face-" + modelData.choice
                    anchors.fill: parent
                    onClicked: Kiosk.act("face.choose", [modelData.choice])
                }
            }
        }
        Repeater {
            model: Kiosk.face.points
            delegate: Rectangle {
                required property var modelData
                x: photo.shownX + modelData.x * photo.shownWidth - 6
                y: photo.shownY + modelData.y * photo.shownHeight - 6
                width: 12
                height: 12
                radius: 6
                color: "transparent"
                border { width: 2; color: Theme.accent }
            }
        }
    }
}
