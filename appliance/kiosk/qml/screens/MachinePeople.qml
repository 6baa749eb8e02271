import QtQuick
import Kiosk
import "../controls"

// Who may do what at this machine, and under which rules.
Page {
    id: page

    title: Kiosk.words.people_title
    sentence: Kiosk.words.people_more
    back: Kiosk.words.looking_leave
    onGoBack: Kiosk.act("session.leave", [])

    MachineTabs {
        id: tabs
        width: parent.width
        chosen: "people"
    }
    LineList {
        id: people
        anchors { left: parent.left; top: tabs.bottom; bottom: parent.bottom; topMargin: 16 }
        width: (parent.width - Theme.margin) / 2
        label: Kiosk.words.people_title
        model: Kiosk.machine.people
        delegate: Rectangle {
            id: person
            required property var modelData
            width: ListView.view.width - 12
            height: 64
            radius: Theme.radius
            color: Theme.surface
            Accessible.role: Accessible.ListItem
            Accessible.name: name.text + ", " + roles.text + ", " + tokens.text
            Label {
                id: name
                anchors { left: parent.left; leftMargin: Theme.gap; top: parent.top; topMargin: 6; right: tokens.left; rightMargin: 8 }
                text: person.modelData.name
                elide: Text.ElideRight
                wrapMode: Text.NoWrap
                font.bold: true
                Accessible.ignored: true
            }
            Label {
                id: roles
                anchors { left: parent.left; leftMargin: Theme.gap; bottom: parent.bottom; bottomMargin: 6; right: tokens.left; rightMargin: 8 }
                text: person.modelData.roles.map(role => Kiosk.words["role_" + role]).join(" · ") || Kiosk.words.role_unassigned
                elide: Text.ElideRight
                wrapMode: Text.NoWrap
                color: Theme.quiet
                font.pixelSize: Theme.small
                Accessible.ignored: true
            }
            Label {
                id: tokens
                anchors { right: parent.right; rightMargin: Theme.gap; verticalCenter: parent.verticalCenter }
                text: (person.modelData.tokens === 0 ? "⚠ " : "") + Kiosk.words.people_tokens.arg(person.modelData.tokens)
                color: person.modelData.tokens === 0 ? Theme.warning : Theme.text
                font.pixelSize: Theme.small
                Accessible.ignored: true
            }
        }
    }
    Fingerprint {
        id: policy
        anchors { left: people.right; leftMargin: Theme.margin; right: parent.right; top: people.top }
        heading: Kiosk.words.people_policy
        groups: Kiosk.machine.policy
    }
    Label {
        id: heading
        anchors { left: policy.left; right: parent.right; top: policy.bottom; topMargin: 20 }
        text: Kiosk.machine.own.length === 0 ? Kiosk.words.people_default : Kiosk.words.people_own.arg(Kiosk.machine.own.length)
        font.bold: true
    }
    LineList {
        anchors { left: policy.left; right: parent.right; top: heading.bottom; bottom: parent.bottom; topMargin: 8 }
        label: heading.text
        spacing: 2
        model: Kiosk.machine.own
        delegate: Label {
            required property string modelData
            width: ListView.view.width - 12
            text: modelData
            font.pixelSize: Theme.small
            Accessible.role: Accessible.ListItem
        }
    }
}
