import QtQuick
import Kiosk

// Files from a disc for one use: first whose consent it is, then which files, then which are meant.
Page {
    id: page

    property var taking          // the values of the view model
    property string name: ""     // of the view model
    property string about: ""
    property string none: ""

    readonly property bool typing: taking.typing

    signal leave()

    sentence: typing ? Kiosk.words["consents_" + name] : about
    onGoBack: if (typing && taking.consent !== "") Kiosk.act(name + ".keep_consent", []); else leave()

    next: Kiosk.words.go_on
    nextEnabled: typing ? taking.reference.trim() !== "" : taking.chosen.length > 0 && taking.importing === 0
    onGoOn: Kiosk.act(name + (typing ? ".accept_consent" : ".accept"), [])
    Component.onCompleted: Kiosk.act(name + ".load", [])

    Loader {
        anchors.fill: parent
        focus: true
        sourceComponent: page.typing ? reference : files
    }
    Component {
        id: reference
        Item {
            Column {
                anchors.horizontalCenter: parent.horizontalCenter
                spacing: Theme.margin
                Field {
                    objectName: "reference"
                    width: keyboard.width
                    focus: true
                    label: Kiosk.words.consent_title
                    placeholderText: Kiosk.words.consent_example
                    text: page.taking.reference
                    onTextEdited: Kiosk.act(page.name + ".type", [text])
                    onAccepted: Kiosk.act(page.name + ".accept_consent", [])
                }
                Keyboard {
                    id: keyboard
                    onTyped: character => Kiosk.act(page.name + ".type", [page.taking.reference + character])
                    onErased: Kiosk.act(page.name + ".type", [page.taking.reference.slice(0, -1)])
                }
            }
        }
    }
    Component {
        id: files
        Item {
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
                    enabled: page.taking.has_disc && !page.taking.reading
                    kind: page.taking.files.length === 0 ? "main" : "plain"
                    text: page.taking.reading ? Kiosk.words.series_reading
                          : Kiosk.bar.training ? Kiosk.words.series_samples : Kiosk.words.series_disc
                    onClicked: Kiosk.act(page.name + ".read", [])
                }
                ListView {
                    id: list
                    anchors { left: parent.left; right: parent.right; top: read.bottom; bottom: consent.top; margins: 12 }
                    clip: true
                    spacing: 8
                    model: page.taking.files
                    delegate: Tile {
                        required property var modelData
                        required property int index
                        objectName: "file-" + modelData.number
                        width: list.width
                        text: modelData.name
                        chosen: page.taking.taken.includes(modelData.number)
                        enabled: modelData.refusal === "" && !chosen
                        onActiveFocusChanged: if (activeFocus) list.positionViewAtIndex(index, ListView.Contain)
                        Accessible.role: Accessible.Button
                        note: modelData.refusal === "" ? (modelData.size < 10240 ? Kiosk.words.series_size.arg(modelData.size)
                                                                                 : Kiosk.words.film_size.arg(Math.round(modelData.size / 1024)))
                              : Kiosk.words["disc_" + modelData.refusal.replace(/-/g, "_")]
                        onClicked: Kiosk.act(page.name + ".take", [modelData.number])
                    }
                }
                Tile {
                    id: consent
                    objectName: "consent"
                    anchors { left: parent.left; right: parent.right; bottom: parent.bottom; margins: 12 }
                    visible: page.taking.asks
                    height: visible ? implicitHeight : 0
                    Accessible.role: Accessible.Button
                    text: Kiosk.words.consents_now.arg(page.taking.consent)
                    note: Kiosk.words.consents_other
                    onClicked: Kiosk.act(page.name + ".change_consent", [])
                }
            }
            GridView {
                id: grid
                anchors { left: disc.right; leftMargin: Theme.gap; right: parent.right; top: parent.top; bottom: busy.top }
                clip: true
                cellWidth: width / Math.max(1, Math.floor(width / 280))
                cellHeight: 270
                model: page.taking.tiles
                delegate: Item {
                    id: cell
                    required property var modelData
                    required property int index
                    width: grid.cellWidth
                    height: grid.cellHeight
                    ClipCard {
                        anchors { fill: parent; rightMargin: 12; bottomMargin: 12 }
                        objectName: "clip-" + modelData.item
                        shown: modelData
                        several: page.name === "sources"
                        chosen: page.taking.chosen.includes(modelData.item)
                        onReached: grid.positionViewAtIndex(cell.index, GridView.Contain)
                        onPicked: Kiosk.act(page.name + ".choose", [modelData.item])
                    }
                }
            }
            Item {
                id: busy
                anchors { left: grid.left; right: parent.right; bottom: parent.bottom }
                visible: page.taking.importing > 0
                height: visible ? Theme.target : 0
                Label {
                    anchors { left: parent.left; right: stop.left; rightMargin: Theme.gap; verticalCenter: parent.verticalCenter }
                    text: Kiosk.words.film_importing.arg(page.taking.importing)
                    color: Theme.quiet
                }
                ActionButton {
                    id: stop
                    objectName: "stop"
                    anchors.right: parent.right
                    text: Kiosk.words.film_stop
                    onClicked: Kiosk.act(page.name + ".stop", [])
                }
            }
            Label {
                anchors { left: disc.right; right: parent.right; verticalCenter: parent.verticalCenter; leftMargin: 40; rightMargin: 40 }
                visible: page.taking.tiles.length === 0 && page.taking.importing === 0
                text: page.none
                color: Theme.quiet
                horizontalAlignment: Text.AlignHCenter
            }
        }
    }
}
