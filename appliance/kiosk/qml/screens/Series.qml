import QtQuick
import Kiosk
import "../controls"

// The photos of the patient: taken in, checked, one of them chosen.
Page {
    id: page

    function view(name) { return Kiosk.words["view_" + name.replace(/-/g, "_")]; }
    function filled(text, cause) { return text === undefined ? "" : cause.amount === "" ? text : text.replace("%1", cause.amount); }
    function cause(one) { return page.filled(Kiosk.words["cause_" + one.code.replace(/-/g, "_")], one); }
    function change(one) { return page.filled(Kiosk.words["change_" + one.code.replace(/-/g, "_")], one); }
    function listed(texts) { return texts.length === 0 ? "" : texts.reduce((before, one) => Kiosk.words.series_and.arg(before).arg(one)); }
    function inTurn(texts) { return texts.length === 0 ? "" : texts.reduce((before, one) => Kiosk.words.series_then.arg(before).arg(one)); }

    title: Kiosk.words.series_title
    sentence: Kiosk.series.importing > 0 ? Kiosk.words.series_importing.arg(Kiosk.series.importing)
        : Kiosk.series.checking > 0 ? Kiosk.words.series_checking.arg(Kiosk.series.checked).arg(Kiosk.series.checking)
        : Kiosk.series.double.length > 0 ? Kiosk.words.series_double.arg(page.inTurn(Kiosk.series.double.map(page.view)))
        : Kiosk.series.missing.length > 0 ? Kiosk.words.series_missing.arg(page.inTurn(Kiosk.series.missing.map(page.view)))
        : Kiosk.words.series_more
    back: Kiosk.words.go_back
    next: Kiosk.words.go_on
    nextEnabled: Kiosk.series.chosen >= 0 && Kiosk.series.importing === 0
    onGoBack: Kiosk.series.looked >= 0 ? Kiosk.act("series.look", [-1]) : Kiosk.act("place.back", [])
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
            enabled: Kiosk.series.has_disc && !Kiosk.series.reading && Kiosk.series.importing === 0
            kind: Kiosk.series.files.length === 0 ? "main" : "plain"
            text: Kiosk.series.reading ? Kiosk.words.series_reading
                  : Kiosk.bar.training ? Kiosk.words.series_samples : Kiosk.words.series_disc
            onClicked: Kiosk.act("series.read", [])
        }
        ActionButton {
            id: all
            objectName: "take-all"
            anchors { left: parent.left; right: parent.right; top: read.bottom; margins: 12; topMargin: 8 }
            visible: Kiosk.series.files.length > 1
            height: visible ? implicitHeight : 0
            kind: Kiosk.series.photos.length === 0 ? "main" : "plain"
            enabled: Kiosk.series.taken.length < Kiosk.series.files.filter(file => file.refusal === "").length
            text: Kiosk.words.series_take_all
            onClicked: Kiosk.act("series.take_all", [])
        }
        ListView {
            id: list
            objectName: "files"
            anchors { left: parent.left; right: parent.right; top: all.bottom; bottom: parent.bottom; margins: 12; topMargin: 8 }
            clip: true
            spacing: 8
            model: Kiosk.series.files
            delegate: Tile {
                id: file
                required property var modelData
                readonly property bool taken: Kiosk.series.taken.indexOf(modelData.number) >= 0
                readonly property bool failed: Kiosk.series.failed.indexOf(modelData.number) >= 0
                objectName: "file-" + modelData.number
                width: list.width
                text: modelData.name
                chosen: taken
                Accessible.role: Accessible.CheckBox
                enabled: modelData.refusal === "" && !taken
                note: modelData.refusal !== "" ? Kiosk.words["disc_" + modelData.refusal.replace(/-/g, "_")]
                      : failed ? "⚠ " + Kiosk.words.series_failed : Kiosk.words.series_size.arg(modelData.size)
                onActiveFocusChanged: if (activeFocus) list.positionViewAtIndex(Kiosk.series.files.indexOf(modelData), ListView.Contain)
                onClicked: Kiosk.act("series.take", [modelData.number])
            }
        }
    }
    GridView {
        id: grid
        objectName: "photos"
        anchors { left: disc.right; leftMargin: Theme.gap; right: parent.right; top: parent.top; bottom: parent.bottom }
        visible: Kiosk.series.looked < 0
        clip: true
        cellWidth: width / 2
        cellHeight: 236
        model: Kiosk.series.photos
        delegate: Item {
            id: cell
            required property var modelData
            required property int index
            width: grid.cellWidth
            height: grid.cellHeight
            Rectangle {
                id: card
                readonly property bool chosen: Kiosk.series.chosen === cell.modelData.item
                anchors { fill: parent; rightMargin: 12; bottomMargin: 12 }
                radius: Theme.radius
                color: Theme.surface
                border { width: chosen || button.activeFocus ? 3 : 0; color: button.activeFocus ? Theme.text : Theme.accent }
                Picture {
                    id: small
                    anchors { left: parent.left; top: parent.top; bottom: parent.bottom; margins: 8 }
                    width: 140
                    name: cell.modelData.picture
                    label: Kiosk.words.series_photo.arg(page.view(cell.modelData.view))
                }
                Label {
                    id: view
                    anchors { left: small.right; right: parent.right; top: parent.top; margins: 10 }
                    text: (card.chosen ? "✓ " : "") + page.view(cell.modelData.view)
                    font.bold: true
                    elide: Text.ElideRight
                    wrapMode: Text.NoWrap
                }
                Label {
                    id: change
                    anchors { left: small.right; right: parent.right; top: view.bottom; bottom: points.top; margins: 10; topMargin: 2; bottomMargin: 4 }
                    text: cell.modelData.judged === 0 ? Kiosk.words.series_unchecked
                          : cell.modelData.changes.length === 0 ? Kiosk.words.series_nothing
                          : page.inTurn(cell.modelData.changes.map(page.change))
                    color: cell.modelData.changes.length > 0 ? Theme.warning : Theme.quiet
                    font.pixelSize: Theme.small
                    elide: Text.ElideRight
                }
                MouseArea {
                    id: button
                    objectName: "photo-" + cell.modelData.item
                    anchors.fill: parent
                    activeFocusOnTab: true
                    onActiveFocusChanged: if (activeFocus) grid.positionViewAtIndex(cell.index, GridView.Contain)
                    Accessible.role: Accessible.RadioButton
                    Accessible.name: small.label
                    Accessible.checkable: true
                    Accessible.checked: card.chosen
                    Accessible.onPressAction: Kiosk.act("series.choose", [cell.modelData.item])
                    Keys.onSpacePressed: Kiosk.act("series.choose", [cell.modelData.item])
                    Keys.onReturnPressed: Kiosk.act("series.choose", [cell.modelData.item])
                    onClicked: Kiosk.act("series.choose", [cell.modelData.item])
                }
                ActionButton {
                    id: points
                    objectName: "points-" + cell.modelData.item
                    anchors { left: small.right; bottom: parent.bottom; margins: 8; leftMargin: 10 }
                    width: 150
                    font.pixelSize: Theme.small
                    enabled: cell.modelData.judged > 0
                    text: cell.modelData.judged > 0 ? Kiosk.words.series_score.arg(cell.modelData.score).arg(cell.modelData.judged) : "…"
                    Accessible.name: Kiosk.words.series_points_of.arg(page.view(cell.modelData.view))
                    onClicked: Kiosk.act("series.look", [cell.modelData.item])
                }
                ActionButton {
                    objectName: "remove-" + cell.modelData.item
                    anchors { left: points.right; leftMargin: 8; right: parent.right; bottom: parent.bottom; margins: 8 }
                    font.pixelSize: Theme.small
                    enabled: Kiosk.series.importing === 0
                    text: Kiosk.words.series_remove
                    Accessible.name: Kiosk.words.series_remove_of.arg(page.view(cell.modelData.view))
                    onClicked: Kiosk.act("series.remove", [cell.modelData.item])
                }
            }
        }
    }
    Rectangle {          // the nine points of one photo
        id: details
        objectName: "points"
        anchors.fill: grid
        visible: Kiosk.series.looked >= 0
        radius: Theme.radius
        color: Theme.surface
        Picture {
            id: large
            anchors { left: parent.left; top: parent.top; bottom: close.top; margins: 12 }
            width: 240
            name: "photo-" + Kiosk.series.looked
            label: Kiosk.words.face_photo
        }
        ListView {
            anchors { left: large.right; right: parent.right; top: parent.top; bottom: close.top; margins: 12 }
            clip: true
            spacing: 10
            model: Kiosk.series.points
            delegate: Column {
                id: line
                required property var modelData
                readonly property bool missed: modelData.verdict === "missed"
                width: ListView.view.width
                Accessible.role: Accessible.ListItem
                Accessible.name: head.text
                Label {
                    id: head
                    width: parent.width
                    text: (line.modelData.verdict === "met" ? "✓ " : line.missed ? "⚠ " : "? ")
                          + Kiosk.words.series_point.arg(Kiosk.words["point_" + line.modelData.name.replace(/-/g, "_")]).arg(page.listed(line.modelData.causes.map(page.cause)))
                    color: line.missed ? Theme.warning : line.modelData.verdict === "met" ? Theme.text : Theme.quiet
                    font.pixelSize: 18
                }
                Label {
                    width: parent.width
                    leftPadding: 26
                    visible: line.missed
                    text: page.inTurn(line.modelData.causes.map(page.change))
                    font { pixelSize: 18; bold: true }
                }
            }
        }
        ActionButton {
            id: close
            objectName: "close-points"
            anchors { right: parent.right; bottom: parent.bottom; margins: 12 }
            text: Kiosk.words.series_close
            focus: details.visible
            onClicked: Kiosk.act("series.look", [-1])
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
