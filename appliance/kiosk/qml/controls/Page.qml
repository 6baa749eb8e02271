import QtQuick

// The frame of a screen: what it is about, the task itself, and the ways on at the bottom.
FocusScope {
    id: page

    property string title: ""
    property string sentence: ""
    property string back: ""
    property string next: ""
    property bool nextEnabled: true
    property alias extra: extras.data
    default property alias content: area.data

    signal goBack()
    signal goOn()

    focus: true
    Accessible.role: Accessible.Pane
    Accessible.name: title
    Keys.onEscapePressed: if (back !== "") goBack()

    Label {
        id: heading
        anchors { left: parent.left; right: parent.right; top: parent.top }
        text: page.title
        font { pixelSize: Theme.heading; bold: true }
        Accessible.role: Accessible.Heading
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
            left: parent.left; right: parent.right; top: about.bottom; bottom: notice.top
            topMargin: Theme.gap; bottomMargin: Theme.gap
        }
    }
    Notice {
        id: notice
        anchors { left: parent.left; right: parent.right; bottom: foot.top; bottomMargin: visible ? Theme.gap : 0 }
        height: visible ? implicitHeight : 0
    }
    Item {
        id: foot
        anchors { left: parent.left; right: parent.right; bottom: parent.bottom }
        height: Theme.target
        ActionButton {
            objectName: "back"
            visible: page.back !== ""
            text: "‹ " + page.back
            onClicked: page.goBack()
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
            kind: "main"
            text: page.next + " ›"
            onClicked: page.goOn()
        }
    }
}
