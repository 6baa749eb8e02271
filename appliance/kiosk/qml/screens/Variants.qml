import QtQuick
import Kiosk
import "../controls"

// What was kept, as small pictures; one is chosen.
Page {
    id: page

    function value(one) {
        const name = Kiosk.words["handle_" + one.name.replace(/-/g, "_")];
        const amount = number => (number > 0 ? "+" : "") + Math.round(10 * number) / 10;
        return one.least === null || one.least === undefined ? Kiosk.words.variants_value.arg(name).arg(amount(one.wished))
               : Kiosk.words.variants_range.arg(name).arg(amount(one.least)).arg(amount(one.wished));
    }

    title: Kiosk.words.variants_title
    sentence: Kiosk.variants.making ? Kiosk.words.variants_making : Kiosk.words.variants_more
    back: Kiosk.words.go_back
    next: Kiosk.words.go_on
    nextEnabled: Kiosk.variants.chosen > 0 && !Kiosk.variants.making
    onGoBack: Kiosk.act("place.back", [])
    onGoOn: Kiosk.act("variants.accept", [])
    Component.onCompleted: Kiosk.act("variants.load", [])
    extra: ActionButton {
        objectName: "keep"
        kind: enabled ? "main" : "plain"
        enabled: Kiosk.variants.can_keep && !Kiosk.variants.making && !Kiosk.variants.full
        text: Kiosk.variants.full ? Kiosk.words.variants_full
              : Kiosk.variants.can_keep || Kiosk.variants.kept.length === 0 ? Kiosk.words.variants_keep : Kiosk.words.variants_kept
        onClicked: Kiosk.act("variants.keep", [])
    }

    GridView {
        id: grid
        objectName: "variants"
        anchors.fill: parent
        clip: true
        cellWidth: width / 3
        cellHeight: Math.max(250, height / 2)
        model: Kiosk.variants.kept
        delegate: Item {
            id: cell
            required property var modelData
            required property int index
            width: grid.cellWidth
            height: grid.cellHeight
            Rectangle {
                id: card
                readonly property bool chosen: Kiosk.variants.chosen === cell.modelData.number
                anchors { fill: parent; rightMargin: 12; bottomMargin: 12 }
                radius: Theme.radius
                color: Theme.surface
                border { width: chosen || choose.activeFocus ? 3 : 0; color: choose.activeFocus ? Theme.text : Theme.accent }
                Picture {
                    id: small
                    anchors { left: parent.left; top: parent.top; bottom: parent.bottom; margins: 8 }
                    width: 170
                    name: cell.modelData.picture
                    label: Kiosk.words.variants_one.arg(cell.modelData.number)
                }
                MouseArea {
                    id: choose
                    objectName: "variant-" + cell.modelData.number
                    anchors.fill: parent
                    activeFocusOnTab: true
                    onActiveFocusChanged: if (activeFocus) grid.positionViewAtIndex(cell.index, GridView.Contain)
                    Accessible.role: Accessible.RadioButton
                    Accessible.name: small.label + ", " + what.text
                    Accessible.checkable: true
                    Accessible.checked: card.chosen
                    Accessible.onPressAction: Kiosk.act("variants.choose", [cell.modelData.number])
                    Keys.onSpacePressed: Kiosk.act("variants.choose", [cell.modelData.number])
                    Keys.onReturnPressed: Kiosk.act("variants.choose", [cell.modelData.number])
                    onClicked: Kiosk.act("variants.choose", [cell.modelData.number])
                }
                Label {
                    id: name
                    anchors { left: small.right; right: parent.right; top: parent.top; margins: 10 }
                    text: (card.chosen ? "✓ " : "") + small.label
                    font.bold: true
                }
                Label {
                    id: what
                    anchors { left: small.right; right: parent.right; top: name.bottom; bottom: change.top; margins: 10; topMargin: 2 }
                    text: cell.modelData.values.map(page.value)
                          .concat(cell.modelData.by_hand > 0 ? [Kiosk.words.variants_by_hand.arg(cell.modelData.by_hand)] : [])
                          .join("\n")
                    color: Theme.quiet
                    font.pixelSize: Theme.small
                    elide: Text.ElideRight
                }
                ActionButton {
                    id: change
                    objectName: "change-" + cell.modelData.number
                    anchors { left: small.right; bottom: parent.bottom; margins: 8; leftMargin: 10 }
                    width: 104
                    font.pixelSize: Theme.small
                    text: Kiosk.words.variants_change
                    Accessible.name: Kiosk.words.variants_change_of.arg(cell.modelData.number)
                    enabled: !Kiosk.variants.making
                    onClicked: Kiosk.act("variants.change", [cell.modelData.number])
                }
                ActionButton {
                    objectName: "drop-" + cell.modelData.number
                    anchors { right: parent.right; bottom: parent.bottom; margins: 8 }
                    width: 90
                    font.pixelSize: Theme.small
                    text: Kiosk.words.variants_drop
                    Accessible.name: Kiosk.words.variants_drop_of.arg(cell.modelData.number)
                    onClicked: Kiosk.act("variants.drop", [cell.modelData.number])
                }
            }
        }
    }
    Label {
        anchors.centerIn: parent
        visible: Kiosk.variants.kept.length === 0
        text: Kiosk.variants.making ? Kiosk.words.variants_making : Kiosk.words.variants_none
        color: Theme.quiet
    }
}
