import QtQuick
import Kiosk

// What is always seen: who, engine, network as probed, storage, time left, and the way to lock.
Rectangle {
    id: bar

    readonly property bool inSession: Kiosk.bar.who !== ""

    height: 68
    color: Theme.surface
    Accessible.role: Accessible.Grouping
    Accessible.name: Kiosk.words.bar_name

    component Fact: Column {
        id: fact
        property string heading: ""
        property string value: ""
        property color ink: Theme.text
        visible: value !== ""
        Accessible.role: Accessible.StaticText
        Accessible.name: heading + ": " + value
        Text {
            text: fact.heading
            color: Theme.quiet
            font { family: Theme.family; pixelSize: 14 }
            textFormat: Text.PlainText
        }
        Text {
            text: fact.value
            color: fact.ink
            font { family: Theme.family; pixelSize: 17; bold: true }
            textFormat: Text.PlainText
        }
    }

    Row {
        anchors { left: parent.left; leftMargin: Theme.margin; verticalCenter: parent.verticalCenter }
        spacing: 28
        Fact {
            heading: Kiosk.words.bar_who
            value: bar.inSession ? Kiosk.bar.who + (Kiosk.bar.role !== "" ? " · " + Kiosk.words["role_" + Kiosk.bar.role] : "") : Kiosk.words.bar_nobody
        }
        Fact {
            heading: Kiosk.words.bar_engine
            value: Kiosk.bar.engine === "" ? "" : Kiosk.bar.engine === "simulation" ? Kiosk.words.bar_simulation : Kiosk.bar.engine === "mesh" ? Kiosk.words.bar_mesh : Kiosk.bar.engine
        }
        Fact {
            heading: Kiosk.words.bar_network
            value: Kiosk.bar.network === "none" ? "✓ " + Kiosk.words.bar_network_none
                   : Kiosk.bar.network === "" ? "? " + Kiosk.words.bar_network_unknown
                   : "⚠ " + Kiosk.bar.network
            ink: Kiosk.bar.network === "none" ? Theme.good : Theme.warning
        }
        Fact {
            heading: Kiosk.words.bar_space
            value: Kiosk.bar.free_percent < 0 ? "" : (Kiosk.bar.free_percent < 10 ? "⚠ " : "") + Kiosk.words.bar_free.arg(Kiosk.bar.free_percent)
            ink: Kiosk.bar.free_percent < 10 ? Theme.warning : Theme.text
        }
        Fact {
            heading: Kiosk.words.bar_time
            value: bar.inSession && Kiosk.bar.minutes >= 0 ? Kiosk.words.bar_minutes.arg(Kiosk.bar.minutes) : ""
            ink: Kiosk.bar.minutes < 5 ? Theme.warning : Theme.text
        }
    }
    Row {
        anchors { right: parent.right; rightMargin: Theme.margin; verticalCenter: parent.verticalCenter }
        spacing: Theme.gap
        ActionButton {
            objectName: "language"
            visible: !bar.inSession
            text: Kiosk.words.bar_other_language
            onClicked: Kiosk.act("place.speak", [Kiosk.place.language === "en" ? "zh" : "en"])
        }
        ActionButton {
            objectName: "lock"
            visible: bar.inSession && !Kiosk.place.locked && !Kiosk.session.ending
            text: Kiosk.words.bar_lock
            onClicked: Kiosk.act("session.lock", [])
        }
    }
}
