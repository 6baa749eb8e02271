import QtQuick
import Kiosk
import "../controls"

// The photos of the patient: taken in, checked, one of them chosen.
Page {
    id: page

    title: Kiosk.words.series_title
    sentence: Kiosk.series.missing.length > 0
        ? Kiosk.words.series_missing.arg(Kiosk.series.missing.map(view => Kiosk.words["view_" + view.replace(/-/g, "_")]).join(", "))
        : Kiosk.words.series_more
    back: Kiosk.words.go_back
    next: Kiosk.words.go_on
    nextEnabled: Kiosk.series.chosen >= 0 && Kiosk.series.importing === 0
    onGoBack: Kiosk.act("place.back", [])
    onGoOn: Kiosk.act("series.accept", [])

    Rectangle {
        id: disc
        anchors { left: parent.left; top: parent.top; bottom: parent.bottom }
        width: 330
        radius: Theme.radius
        color: Theme.surface
        ActionButton {
            id: read
            objectName: "read"
            anchors { left: parent.left; right: parent.right; top: parent.top; margins: 12 }
            enabled: Kiosk.series.has_disc && !Kiosk.series.reading
            kind: Kiosk.series.files.length === 0 ? "main" : "plain"
            text: Kiosk.series.reading ? Kiosk.words.series_reading
                  : Kiosk.bar.training ? Kiosk.words.series_samples : Kiosk.words.series_disc
            onClicked: Kiosk.act("series.read", [])
        }
        ListView {
            anchors { left: parent.left; right: parent.right; top: read.bottom; bottom: parent.bottom; margins: 12 }
            clip: true
            spacing: 8
            model: Kiosk.series.files
            delegate: Tile {
                required property var modelData
                objectName: "file-" + modelData.number
                width: ListView.view.width
                text: modelData.name
                enabled: modelData.refusal === ""
                note: modelData.refusal === "" ? Kiosk.words.series_size.arg(modelData.size)
                      : Kiosk.words["disc_" + modelData.refusal.replace(/-/g, "_")]
                onClicked: Kiosk.act("series.take", [modelData.number])
            }
        }
    }
    GridView {
        id: grid
        anchors { left: disc.right; leftMargin: Theme.gap; right: parent.right; top: parent.top; bottom: parent.bottom }
        clip: true
        cellWidth: width / Math.max(1, Math.floor(width / 280))
        cellHeight: 330
        model: Kiosk.series.photos
        delegate: Item {
            required property var modelData
            width: grid.cellWidth
            height: grid.cellHeight
            Rectangle {
                id: card
                readonly property bool chosen: Kiosk.series.chosen === modelData.item
                anchors { fill: parent; rightMargin: 12; bottomMargin: 12 }
                radius: Theme.radius
                color: Theme.surface
                border { width: chosen || button.activeFocus ? 3 : 0; color: button.activeFocus ? Theme.text : Theme.accent }
                Picture {
                    id: small
                    anchors { left: parent.left; right: parent.right; top: parent.top; margins: 8 }
                    height: 190
                    name: modelData.picture
                    label: Kiosk.words.series_photo.arg(Kiosk.words["view_" + modelData.view.replace(/-/g, "_")])
                }
                Label {
                    id: view
                    anchors { left: parent.left; right: parent.right; top: small.bottom; margins: 10 }
                    text: (card.chosen ? "✓ " : "") + Kiosk.words["view_" + modelData.view.replace(/-/g, "_")]
                          + (modelData.judged > 0 ? "  " + Kiosk.words.series_score.arg(modelData.score).arg(modelData.judged) : "")
                    font.bold: true
                }
                Label {
                    anchors { left: parent.left; right: parent.right; top: view.bottom; bottom: parent.bottom; margins: 10; topMargin: 4 }
                    text: modelData.change
                    color: Theme.quiet
                    font.pixelSize: Theme.small
                    elide: Text.ElideRight
                }
                MouseArea {
                    id: button
                    objectName: "photo-" + modelData.item
                    anchors.fill: parent
                    activeFocusOnTab: true
                    Accessible.role: Accessible.RadioButton
                    Accessible.name: small.label
                    Accessible.checked: card.chosen
                    Accessible.onPressAction: Kiosk.act("series.choose", [modelData.item])
                    Keys.onSpacePressed: Kiosk.act("series.choose", [modelData.item])
                    Keys.onReturnPressed: Kiosk.act("series.choose", [modelData.item])
                    onClicked: Kiosk.act("series.choose", [modelData.item])
                }
            }
        }
    }
    Label {
        anchors { left: disc.right; right: parent.right; verticalCenter: parent.verticalCenter; leftMargin: 40; rightMargin: 40 }
        visible: Kiosk.series.photos.length === 0
        text: Kiosk.series.importing > 0 ? Kiosk.words.series_importing.arg(Kiosk.series.importing) : Kiosk.words.series_none
        color: Theme.quiet
        horizontalAlignment: Text.AlignHCenter
    }
}
