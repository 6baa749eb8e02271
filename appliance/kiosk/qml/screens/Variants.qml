import QtQuick
import Kiosk
import "../controls"

// What was kept, as small pictures; one is chosen.
Page {
    id: page

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
        kind: Kiosk.variants.kept.length === 0 ? "main" : "plain"
        enabled: !Kiosk.variants.making && !Kiosk.variants.full
        text: Kiosk.variants.full ? Kiosk.words.variants_full : Kiosk.words.variants_keep
        onClicked: Kiosk.act("variants.keep", [])
    }

    GridView {
        id: grid
        anchors.fill: parent
        clip: true
        cellWidth: width / 3
        cellHeight: Math.max(240, height / 2)
        model: Kiosk.variants.kept
        delegate: Item {
            required property var modelData
            width: grid.cellWidth
            height: grid.cellHeight
            Rectangle {
                id: card
                readonly property bool chosen: Kiosk.variants.chosen === modelData.number
                anchors { fill: parent; rightMargin: 12; bottomMargin: 12 }
                radius: Theme.radius
                color: Theme.surface
                border { width: chosen || choose.activeFocus ? 3 : 0; color: choose.activeFocus ? Theme.text : Theme.accent }
                Picture {
                    id: small
                    anchors { left: parent.left; right: parent.right; top: parent.top; bottom: name.top; margins: 8 }
                    name: modelData.picture
                    label: Kiosk.words.variants_one.arg(modelData.number)
                }
                MouseArea {
                    id: choose
                    objectName: "variant-" + modelData.number
                    anchors.fill: parent
                    activeFocusOnTab: true
                    Accessible.role: Accessible.RadioButton
                    Accessible.name: small.label
                    Accessible.checked: card.chosen
                    Keys.onSpacePressed: Kiosk.act("variants.choose", [modelData.number])
                    Keys.onReturnPressed: Kiosk.act("variants.choose", [modelData.number])
                    onClicked: Kiosk.act("variants.choose", [modelData.number])
                }
                Label {
                    id: name
                    anchors { left: parent.left; right: drop.left; bottom: parent.bottom; margins: 12 }
                    height: Theme.target
                    verticalAlignment: Text.AlignVCenter
                    text: (card.chosen ? "✓ " : "") + small.label
                    font.bold: true
                }
                ActionButton {
                    id: drop
                    objectName: "drop-" + modelData.number
                    anchors { right: parent.right; bottom: parent.bottom; margins: 8 }
                    text: Kiosk.words.variants_drop
                    onClicked: Kiosk.act("variants.drop", [modelData.number])
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
