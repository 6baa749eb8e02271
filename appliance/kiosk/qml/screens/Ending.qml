import QtQuick
import Kiosk
import "../controls"

// The wipe, as it happens.
Page {
    title: Kiosk.words.ending_title
    sentence: Kiosk.words.ending_more

    Column {
        anchors.centerIn: parent
        spacing: Theme.margin
        Repeater {
            model: ["worker", "key", "storage", "search", "ledger"]
            delegate: Label {
                required property string modelData
                text: (modelData === "worker" && Kiosk.session.worker_ended ? "✓ " : "… ") + Kiosk.words["ending_" + modelData]
                font.pixelSize: 24
            }
        }
    }
    extra: ActionButton {
        visible: !Kiosk.session.ending
        kind: "danger"
        text: Kiosk.words.ending_again
        onClicked: Kiosk.act("session.end", [])
    }
}
