import QtQuick
import Kiosk
import "../controls"

// Who in the target gets the face.
Page {
    id: page

    readonly property bool isFilm: Kiosk.persons.seconds > 0

    title: Kiosk.words.persons_title
    sentence: Kiosk.persons.looking ? Kiosk.words.face_looking
              : Kiosk.persons.found.length === 0 ? Kiosk.words.persons_none
              : isFilm ? Kiosk.words.persons_film : Kiosk.words.persons_more
    back: Kiosk.words.go_back
    next: Kiosk.words.go_on
    onGoBack: Kiosk.act("place.back", [])
    onGoOn: Kiosk.act("persons.accept", [])
    Component.onCompleted: Kiosk.act("persons.load", [])

    Column {
        id: panel
        anchors { right: parent.right; top: parent.top }
        width: 330
        spacing: 10
        Repeater {
            model: ["largest", "left", "right", "all", "like"]
            delegate: Tile {
                required property string modelData
                objectName: "choice-" + modelData
                width: panel.width
                text: Kiosk.words["persons_" + modelData]
                note: modelData === "like" || modelData === "all" ? Kiosk.words["persons_" + modelData + "_more"] : ""
                chosen: Kiosk.persons.choice === modelData
                onClicked: Kiosk.act("persons.choose", [modelData])
            }
        }
        Picture {            // where there is room: never over the ways on
            readonly property real room: panel.parent.height - y
            visible: Kiosk.persons.choice === "like" && Kiosk.persons.like !== "" && room >= Theme.target
            width: panel.width
            height: Math.max(0, Math.min(130, room))
            name: Kiosk.persons.like
            label: Kiosk.words.likeness_title
        }
    }
    Picture {
        id: photo
        anchors { left: parent.left; right: panel.left; rightMargin: Theme.gap; top: parent.top; bottom: scrubber.top; bottomMargin: page.isFilm ? 8 : 0 }
        name: "before"
        label: Kiosk.words.target_title
        Repeater {
            model: Kiosk.persons.found
            delegate: Rectangle {
                id: box
                required property var modelData
                readonly property bool chosen: modelData.rules.includes(Kiosk.persons.choice)
                x: photo.shownX + modelData.x * photo.shownWidth
                y: photo.shownY + modelData.y * photo.shownHeight
                width: modelData.width * photo.shownWidth
                height: modelData.height * photo.shownHeight
                color: "transparent"
                radius: 8
                border { width: chosen ? 4 : 2; color: chosen ? Theme.accent : Theme.text }
                Accessible.role: Accessible.Graphic
                Accessible.name: chosen ? Kiosk.words.persons_gets : Kiosk.words.persons_keeps
                Rectangle {
                    anchors { left: parent.left; bottom: parent.top; bottomMargin: 4 }
                    visible: box.chosen
                    width: name.implicitWidth + 20
                    height: 34
                    radius: 8
                    color: Theme.surface
                    Text {
                        id: name
                        anchors.centerIn: parent
                        text: "✓ " + Kiosk.words.persons_gets
                        color: Theme.text
                        font { family: Theme.family; pixelSize: Theme.small }
                        textFormat: Text.PlainText
                    }
                }
            }
        }
    }
    Scrubber {
        id: scrubber
        objectName: "scrubber"
        anchors { left: photo.left; right: photo.right; bottom: parent.bottom }
        visible: page.isFilm
        height: visible ? implicitHeight : 0
        seconds: Kiosk.persons.seconds
        step: Kiosk.persons.step
        at: Kiosk.persons.at
        onMoved: at => Kiosk.act("persons.seek", [at])
    }
}
