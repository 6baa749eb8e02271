import QtQuick
import Kiosk
import "../controls"

// The second person: who, PIN, the picture at its full size, and a decision for a reason.
Page {
    id: page

    readonly property string phase: Kiosk.request.phase

    title: phase === "choose" ? Kiosk.words.decision_who
           : phase === "pin" ? Kiosk.words["decision_pin_" + Kiosk.request.purpose].arg(Kiosk.request.user)
           : phase === "touch" ? Kiosk.words.login_touch : Kiosk.words.decision_look
    sentence: phase === "choose" ? Kiosk.words.decision_who_more
              : phase === "pin" ? Kiosk.words.decision_pin_more
              : phase === "touch" ? Kiosk.words.login_touch_more : Kiosk.words.decision_look_more
    back: phase === "touch" ? "" : Kiosk.words.go_back
    onGoBack: Kiosk.act("request.back", [])

    Flow {
        anchors.fill: parent
        visible: page.phase === "choose"
        spacing: Theme.gap
        Repeater {
            model: Kiosk.request.people
            delegate: Tile {
                required property string modelData
                objectName: "person-" + modelData
                width: 288
                text: modelData
                note: Kiosk.words.role_approver
                onClicked: Kiosk.act("request.choose", [modelData])
            }
        }
        Label {
            visible: Kiosk.request.people.length === 0
            text: Kiosk.words.decision_nobody
            color: Theme.warning
        }
    }
    PinPad {
        anchors.centerIn: parent
        visible: page.phase === "pin"
        focus: page.phase === "pin"
        count: Kiosk.request.count
        onTyped: character => Kiosk.act("request.type", [character])
        onErased: Kiosk.act("request.erase", [])
        onEntered: Kiosk.act("request.enter", [])
    }
    TouchPrompt {
        anchors.centerIn: parent
        visible: page.phase === "touch"
    }
    Picture {
        id: look
        anchors { left: parent.left; top: parent.top; bottom: parent.bottom; right: reasons.left; rightMargin: Theme.gap }
        visible: page.phase === "look"
        name: "look"
        label: Kiosk.words.decision_picture
    }
    Column {
        id: reasons
        anchors { right: parent.right; top: parent.top }
        visible: page.phase === "look"
        width: 330
        spacing: 10
        ActionButton {
            objectName: "approve"
            width: parent.width
            kind: "main"
            text: Kiosk.words.decision_approve
            onClicked: Kiosk.act("request.approve", [])
        }
        Label { width: parent.width; topPadding: Theme.gap; text: Kiosk.words.decision_decline; color: Theme.quiet }
        Repeater {
            model: ["wrong-person", "wrong-result", "consent", "quality", "other"]
            delegate: ActionButton {
                required property string modelData
                objectName: "decline-" + modelData
                width: reasons.width
                kind: "danger"
                text: Kiosk.words["reason_" + modelData.replace("-", "_")]
                onClicked: Kiosk.act("request.decline", [modelData])
            }
        }
        Label {
            width: parent.width
            topPadding: Theme.gap
            text: Kiosk.words.decision_hash.arg(Kiosk.request.sha256.slice(0, 16))
            color: Theme.quiet
            font.pixelSize: Theme.small
        }
    }
}
