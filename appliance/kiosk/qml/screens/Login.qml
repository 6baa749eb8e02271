import QtQuick
import Kiosk
import "../controls"

// Who it is, the PIN, and the touch of the token.
Page {
    id: page

    readonly property var chosen: {
        for (const person of Kiosk.login.people)
            if (person.name === Kiosk.login.user)
                return person;
        return null;
    }

    title: Kiosk.login.phase === "choose" ? Kiosk.words.login_who
           : Kiosk.login.phase === "touch" ? Kiosk.words.login_touch : Kiosk.words.login_pin.arg(Kiosk.login.user)
    sentence: Kiosk.login.phase === "choose" ? Kiosk.words.login_who_more
              : Kiosk.login.phase === "touch" ? Kiosk.words.login_touch_more : Kiosk.words.login_pin_more
    back: Kiosk.login.phase === "pin" ? Kiosk.words.login_other : ""
    onGoBack: Kiosk.act("login.back", [])

    Flow {
        anchors.fill: parent
        visible: Kiosk.login.phase === "choose"
        spacing: Theme.gap
        Repeater {
            model: Kiosk.login.people
            delegate: Tile {
                required property var modelData
                objectName: "person-" + modelData.name
                width: 288
                text: modelData.name
                note: modelData.roles.map(role => Kiosk.words["role_" + role]).join(" · ") || Kiosk.words.role_unassigned
                onClicked: Kiosk.act("login.choose", [modelData.name])
            }
        }
    }
    Row {
        anchors { horizontalCenter: parent.horizontalCenter; verticalCenter: parent.verticalCenter }
        visible: Kiosk.login.phase === "pin"
        spacing: 48
        PinPad {
            id: pad
            count: Kiosk.login.count
            focus: Kiosk.login.phase === "pin"
            onTyped: character => Kiosk.act("login.type", [character])
            onErased: Kiosk.act("login.erase", [])
            onEntered: Kiosk.act("login.enter", [])
        }
        Column {
            spacing: Theme.gap
            visible: page.chosen !== null && (page.chosen.tasks.length > 1 || page.chosen.projects.length > 0)
            Label { text: Kiosk.words.login_task; visible: tasks.count > 1 }
            Repeater {
                id: tasks
                model: page.chosen && page.chosen.tasks.length > 1 ? page.chosen.tasks : []
                delegate: Tile {
                    required property string modelData
                    objectName: "task-" + modelData
                    width: 320
                    text: Kiosk.words["task_" + modelData]
                    chosen: Kiosk.login.task === modelData
                    onClicked: Kiosk.act("login.choose_task", [modelData])
                }
            }
            Label { text: Kiosk.words.login_project; visible: projects.count > 0 }
            Repeater {
                id: projects
                model: page.chosen && Kiosk.login.task === "work" ? page.chosen.projects : []
                delegate: Tile {
                    required property string modelData
                    width: 320
                    text: modelData
                    chosen: Kiosk.login.project === modelData
                    onClicked: Kiosk.act("login.choose_project", [modelData])
                }
            }
        }
    }
    TouchPrompt {
        anchors.centerIn: parent
        visible: Kiosk.login.phase === "touch"
    }
}
