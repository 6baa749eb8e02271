import QtQuick
import Kiosk
import "../controls"

// The sessions of the machine, a row each, on a line of days; how each one ended is in words.
Page {
    id: page

    readonly property real before: 190
    readonly property real after: 470

    title: Kiosk.words.sessions_title
    sentence: Kiosk.words.sessions_more
    back: Kiosk.words.looking_leave
    onGoBack: Kiosk.act("session.leave", [])
    extra: [
        ActionButton {
            objectName: "newer"
            enabled: Kiosk.audit_sessions.page > 1
            text: "‹ " + Kiosk.words.sessions_newer
            onClicked: Kiosk.act("audit_sessions.newer", [])
        },
        ActionButton {
            objectName: "older"
            enabled: Kiosk.audit_sessions.more
            text: Kiosk.words.sessions_older + " ›"
            onClicked: Kiosk.act("audit_sessions.older", [])
        }
    ]

    AuditTabs {
        id: tabs
        width: parent.width
        chosen: "sessions"
    }
    Item {               // how much there was on each day
        id: days
        anchors { left: parent.left; right: parent.right; top: tabs.bottom; topMargin: 10 }
        height: 72
        visible: Kiosk.audit_sessions.rows.length > 0
        Label {
            anchors { left: parent.left; verticalCenter: parent.verticalCenter }
            width: page.before - 12
            text: Kiosk.words.sessions_days
            color: Theme.quiet
            font.pixelSize: 14
        }
        Item {
            id: axis
            anchors { left: parent.left; leftMargin: page.before; right: parent.right; rightMargin: page.after + 10 }
            height: parent.height
            Accessible.role: Accessible.Graphic
            Accessible.name: Kiosk.words.sessions_days
            Repeater {
                model: Kiosk.audit_sessions.columns
                delegate: Rectangle {
                    id: column
                    required property var modelData
                    x: axis.width * modelData.start + 1
                    width: Math.max(3, axis.width * modelData.width - 2)
                    height: Math.max(3, 36 * modelData.height)
                    y: 52 - height
                    color: Theme.line
                    Text {
                        anchors { bottom: parent.top; horizontalCenter: parent.horizontalCenter }
                        visible: column.modelData.alarms > 0 && column.width > 12
                        text: "⚠"
                        color: Theme.warning
                        font { family: Theme.family; pixelSize: 13 }
                    }
                }
            }
            Rectangle { y: 52; width: parent.width; height: 1; color: Theme.line }
            Repeater {
                model: Kiosk.audit_sessions.ticks
                delegate: Text {
                    required property var modelData
                    x: axis.width * modelData.at
                    y: 53
                    text: modelData.date
                    color: Theme.quiet
                    font { family: Theme.family; pixelSize: 14 }
                    textFormat: Text.PlainText
                }
            }
        }
        Label {
            anchors { right: parent.right; rightMargin: 10; verticalCenter: parent.verticalCenter }
            width: page.after - Theme.gap
            text: Kiosk.words.sessions_alarms
            color: Theme.quiet
            font.pixelSize: 14
        }
    }
    LineList {
        id: list
        activeFocusOnTab: false
        label: Kiosk.words.sessions_title
        objectName: "sessions"
        anchors { left: parent.left; right: parent.right; top: days.bottom; bottom: parent.bottom; topMargin: 4 }
        spacing: 6
        model: Kiosk.audit_sessions.rows
        delegate: ActionButton {
            id: row
            required property var modelData
            required property int index
            readonly property bool bad: modelData.wiped === "failed" || modelData.wiped === "missing"
            objectName: "session-" + modelData.session
            width: list.width - 10
            text: Kiosk.words.sessions_name.arg(modelData.begun).arg(end.text)
            onActiveFocusChanged: if (activeFocus) list.positionViewAtIndex(index, ListView.Contain)
            onClicked: Kiosk.act("audit_sessions.open", [modelData.session])
            contentItem: Item {
                Label {
                    anchors { left: parent.left; leftMargin: 6; verticalCenter: parent.verticalCenter }
                    text: row.modelData.begun
                    font.pixelSize: Theme.small
                    Accessible.ignored: true
                }
                Item {
                    id: track
                    anchors { left: parent.left; leftMargin: page.before; right: parent.right; rightMargin: page.after; top: parent.top; bottom: parent.bottom }
                    Rectangle {
                        anchors { left: parent.left; right: parent.right; verticalCenter: parent.verticalCenter }
                        height: 1
                        color: Theme.line
                    }
                    Rectangle {      // filled: erased; with a frame only: open; hatched: not erased
                        id: bar
                        anchors.verticalCenter: parent.verticalCenter
                        x: Math.min(track.width * row.modelData.start, track.width - width)
                        width: Math.max(16, track.width * (row.modelData.end - row.modelData.start))
                        height: 26
                        radius: 4
                        color: row.bad || row.modelData.wiped === "open" ? Theme.background : Theme.accent
                        border { width: 2; color: row.bad ? Theme.warning : Theme.accent }
                        Hatch { anchors { fill: parent; margins: 3 } visible: row.bad }
                    }
                }
                Column {
                    anchors { right: parent.right; verticalCenter: parent.verticalCenter }
                    width: page.after - Theme.gap
                    Label {
                        id: end
                        width: parent.width
                        elide: Text.ElideRight
                        wrapMode: Text.NoWrap
                        text: (row.modelData.reason === "" ? Kiosk.words.sessions_open : Kiosk.words["end_" + row.modelData.reason.replace(/-/g, "_")])
                              + (row.modelData.wiped === "open" ? "" : " · " + (row.modelData.wiped === "clean" ? "✓ " : row.bad ? "⚠ " : "? ") + Kiosk.words["wiped_" + row.modelData.wiped])
                        color: row.bad ? Theme.warning : Theme.text
                        font { pixelSize: Theme.small; bold: true }
                        Accessible.ignored: true
                    }
                    Label {
                        width: parent.width
                        elide: Text.ElideRight
                        wrapMode: Text.NoWrap
                        text: (row.modelData.training ? Kiosk.words.sessions_training + " · " : "")
                              + (row.modelData.minutes < 0 ? "" : Kiosk.words.bar_minutes.arg(row.modelData.minutes) + " · ")
                              + Kiosk.words.sessions_counts.arg(row.modelData.imports).arg(row.modelData.jobs).arg(row.modelData.releases).arg(row.modelData.refusals)
                        color: Theme.quiet
                        font.pixelSize: 14
                        Accessible.ignored: true
                    }
                }
            }
        }
    }
    Label {
        anchors.centerIn: parent
        visible: Kiosk.audit_sessions.rows.length === 0
        text: Kiosk.audit_sessions.loaded ? Kiosk.words.sessions_none : Kiosk.words.looking_reading
        color: Theme.quiet
    }
}
