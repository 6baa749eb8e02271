import QtQuick
import Kiosk

// The frame of a screen: what it is about, the task itself, and the ways on at the bottom.
FocusScope {
    id: page

    property string title: ""
    property string sentence: ""
    property string back: ""
    property string next: ""
    property bool nextEnabled: true
    property string erases: ""      // the way on that erases everything, back or next: touched twice
    property bool armed: false
    property alias extra: extras.data
    default property alias content: area.data

    signal goBack()
    signal goOn()

    focus: true
    Accessible.role: Accessible.Pane
    Accessible.name: title
    Keys.onEscapePressed: if (back !== "") proceed("back")

    function proceed(way) {
        if (erases === way && !armed) {
            armed = true;
            doubt.restart();
            return;
        }
        armed = false;
        way === "back" ? goBack() : goOn();
    }
    Timer {
        id: doubt
        interval: 4000
        onTriggered: page.armed = false
    }

    Label {
        id: heading
        anchors { left: parent.left; right: steps.left; rightMargin: Theme.gap; top: parent.top }
        elide: Text.ElideRight
        wrapMode: Text.NoWrap
        text: page.title
        font { pixelSize: Theme.heading; bold: true }
        Accessible.role: Accessible.Heading
    }
    Steps {
        id: steps
        anchors { right: parent.right; top: parent.top }
    }
    Label {
        id: about
        anchors { left: parent.left; right: parent.right; top: heading.bottom; topMargin: 4 }
        text: page.sentence
        color: Theme.quiet
    }
    Item {
        id: area
        anchors {
            left: parent.left; right: parent.right; top: about.bottom; bottom: foot.top
            topMargin: Theme.gap; bottomMargin: Theme.gap
        }
    }
    Notice {        // over all of title and sentence, so that nothing moves below a finger
        anchors { left: parent.left; right: parent.right; top: parent.top }
        height: Math.max(implicitHeight, about.y + about.height)
        z: 1
    }
    Item {
        id: foot
        anchors { left: parent.left; right: parent.right; bottom: parent.bottom }
        height: Theme.target
        ActionButton {
            objectName: "back"
            visible: page.back !== ""
            kind: page.armed && page.erases === "back" ? "danger" : "plain"
            text: page.armed && page.erases === "back" ? Kiosk.words.session_sure : "‹ " + page.back
            onClicked: page.proceed("back")
        }
        Row {
            id: extras
            anchors { right: onward.visible ? onward.left : parent.right; rightMargin: onward.visible ? Theme.gap : 0 }
            spacing: Theme.gap
        }
        ActionButton {
            id: onward
            objectName: "next"
            anchors.right: parent.right
            visible: page.next !== ""
            enabled: page.nextEnabled
            kind: page.armed && page.erases === "next" ? "danger" : "main"
            text: page.armed && page.erases === "next" ? Kiosk.words.session_sure : page.next + " ›"
            onClicked: page.proceed("next")
        }
    }
}
