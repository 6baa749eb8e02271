import QtQuick
import Kiosk

// What was refused, and what to do about it. It blocks nothing, and stays until it is dismissed.
Rectangle {
    id: notice

    readonly property string code: Kiosk.place.refusal
    readonly property string sentence: code === "" ? ""
        : (Kiosk.words["refused_" + code.replace(/-/g, "_")] || Kiosk.words.refused_other)

    visible: code !== ""
    implicitHeight: Math.max(Theme.target, text.implicitHeight) + Theme.gap
    radius: Theme.radius
    color: Theme.surface
    border { width: 2; color: Theme.warning }
    Accessible.role: Accessible.AlertMessage
    Accessible.name: text.text

    Label {
        id: text
        anchors {
            left: parent.left; right: close.left; verticalCenter: parent.verticalCenter
            leftMargin: Theme.gap; rightMargin: Theme.gap
        }
        text: "⚠ " + notice.sentence
              + (Kiosk.place.wait > 0 ? " " + Kiosk.words.refused_wait.arg(Kiosk.place.wait) : "")
        color: Theme.warning
    }
    ActionButton {
        id: close
        objectName: "dismiss"
        anchors { right: parent.right; verticalCenter: parent.verticalCenter; rightMargin: 8 }
        text: Kiosk.words.notice_close
        onClicked: Kiosk.act("place.dismiss", [])
    }
}
