import QtQuick
import Kiosk
import "../controls"

// Three sentences for the patient, each with a tick of its own.
Page {
    title: Kiosk.words.agreement_title
    sentence: Kiosk.agreement.asking ? Kiosk.words.agreement_asking : Kiosk.words.agreement_more
    back: Kiosk.words.go_back
    next: Kiosk.words.go_on
    nextEnabled: Kiosk.agreement.ticked.length === Kiosk.agreement.sentences.length && !Kiosk.agreement.asking
    onGoBack: Kiosk.act("place.back", [])
    onGoOn: Kiosk.act("agreement.accept", [])
    Component.onCompleted: Kiosk.act("agreement.load", [])

    Picture {
        id: picture
        anchors { left: parent.left; top: parent.top; bottom: parent.bottom }
        width: 420
        name: "agreed"
        label: Kiosk.words.agreement_picture
    }
    Column {
        anchors { left: picture.right; leftMargin: Theme.margin; right: parent.right; verticalCenter: parent.verticalCenter }
        spacing: Theme.margin
        Repeater {
            model: Kiosk.agreement.sentences
            delegate: CheckTile {
                required property string modelData
                objectName: "tick-" + modelData
                width: parent.width
                text: Kiosk.words["agreement_" + modelData]
                checked: Kiosk.agreement.ticked.indexOf(modelData) >= 0
                onClicked: Kiosk.act("agreement.tick", [modelData])
            }
        }
    }
}
