import QtQuick
import Kiosk
import "../controls"

// Making the swap, and what was made: before and after, at any place of the film.
Page {
    id: page

    readonly property bool isFilm: Kiosk.results.seconds > 0
    readonly property bool making: Kiosk.results.making

    title: Kiosk.words.results_title
    sentence: making ? Kiosk.words.results_making : Kiosk.words.results_more
    back: making ? "" : Kiosk.words.go_back
    next: making ? "" : Kiosk.words.results_release
    nextEnabled: Kiosk.results.chosen >= 0
    onGoBack: Kiosk.act("results.back", [])
    onGoOn: Kiosk.act("results.release", [])
    Component.onCompleted: Kiosk.act("results.load", [])
    extra: [
        ActionButton {
            objectName: "park"
            visible: !page.making
            text: Kiosk.words.session_park
            onClicked: Kiosk.act("session.park", [])
        },
        ActionButton {
            objectName: "make"
            visible: !page.making
            kind: Kiosk.results.made.length === 0 ? "main" : "plain"
            text: Kiosk.words.results_make
            onClicked: Kiosk.act("results.make", [])
        },
        ActionButton {
            objectName: "cancel"
            visible: page.making
            enabled: !Kiosk.results.stopping
            kind: "danger"
            text: Kiosk.results.stopping ? Kiosk.words.results_stopping : Kiosk.words.results_cancel
            onClicked: Kiosk.act("results.cancel", [])
        }
    ]

    ListView {
        id: list
        anchors { left: parent.left; top: parent.top; bottom: parent.bottom }
        width: 250
        clip: true
        spacing: 10
        model: Kiosk.results.made
        delegate: ClipCard {
            required property var modelData
            required property int index
            objectName: "result-" + modelData.item
            width: ListView.view.width
            height: 190
            shown: modelData
            chosen: Kiosk.results.chosen === modelData.item
            onReached: list.positionViewAtIndex(index, ListView.Contain)
            onPicked: Kiosk.act("results.choose", [modelData.item])
        }
    }
    Rectangle {
        id: progress
        anchors { left: list.right; leftMargin: Theme.gap; right: parent.right; top: parent.top }
        visible: page.making
        height: visible ? 110 : 0
        radius: Theme.radius
        color: Theme.surface
        Accessible.role: Accessible.ProgressBar
        Accessible.name: count.text + ", " + left.text
        Label {
            id: count
            anchors { left: parent.left; top: parent.top; margins: Theme.gap }
            text: Kiosk.results.total > 0 ? Kiosk.words.results_frames.arg(Kiosk.results.done).arg(Kiosk.results.total)
                                          : Kiosk.words.results_some.arg(Kiosk.results.done)
            font.bold: true
        }
        Label {
            id: left
            anchors { right: parent.right; top: parent.top; margins: Theme.gap }
            text: Kiosk.results.stopping ? Kiosk.words.results_stopping
                  : Kiosk.results.left < 0 ? Kiosk.words.results_measuring
                  : Kiosk.results.left < 60 ? Kiosk.words.results_seconds.arg(Kiosk.results.left)
                  : Kiosk.words.results_minutes.arg(Math.ceil(Kiosk.results.left / 60))
        }
        Rectangle {
            anchors { left: parent.left; right: parent.right; bottom: parent.bottom; margins: Theme.gap }
            height: 14
            radius: 7
            color: Theme.pressed
            Rectangle {
                width: Kiosk.results.total > 0 ? parent.width * Math.min(1, Kiosk.results.done / Kiosk.results.total) : 0
                height: parent.height
                radius: 7
                color: Theme.accent
            }
        }
    }
    Row {
        id: pair
        anchors { left: list.right; leftMargin: Theme.gap; right: parent.right; top: progress.bottom; topMargin: page.making ? Theme.gap : 0; bottom: scrubber.top; bottomMargin: page.isFilm ? 8 : 0 }
        visible: Kiosk.results.chosen >= 0
        spacing: Theme.gap
        Repeater {
            model: Kiosk.results.has_before ? ["before", "after"] : ["after"]
            delegate: Item {
                id: side
                required property string modelData
                width: Kiosk.results.has_before ? (pair.width - pair.spacing) / 2 : pair.width
                height: pair.height
                Picture {
                    anchors { left: parent.left; right: parent.right; top: name.bottom; topMargin: 6; bottom: parent.bottom }
                    name: "result-" + side.modelData
                    label: name.text
                }
                Label {
                    id: name
                    text: Kiosk.words["results_" + side.modelData]
                    font.bold: true
                }
            }
        }
    }
    Scrubber {
        id: scrubber
        objectName: "scrubber"
        anchors { left: pair.left; right: pair.right; bottom: parent.bottom }
        visible: page.isFilm
        height: visible ? implicitHeight : 0
        seconds: Kiosk.results.seconds
        step: Kiosk.results.step
        at: Kiosk.results.at
        onMoved: at => Kiosk.act("results.seek", [at])
    }
    Label {
        anchors { left: list.right; right: parent.right; verticalCenter: parent.verticalCenter; leftMargin: 40; rightMargin: 40 }
        visible: Kiosk.results.chosen < 0 && !page.making
        text: Kiosk.words.results_none
        color: Theme.quiet
        horizontalAlignment: Text.AlignHCenter
    }
}
