import QtQuick
import Kiosk

// Entries of the log: when, what, and what is known of it. What failed has a mark.
LineList {
    id: entries

    function code(name) { return Kiosk.words["code_" + name.replace(/-/g, "_")] || name; }
    function about(line) {
        const known = [];
        if (line.who !== "")
            known.push(Kiosk.words.entry_who.arg(line.who));
        if (line.handle !== "")
            known.push(Kiosk.words["handle_" + line.handle.replace(/-/g, "_")]);
        for (const one of line.codes)
            known.push(entries.code(one));
        for (const one of line.numbers)
            known.push(Kiosk.words.entry_number.arg(Kiosk.words["field_" + one.name] || one.name).arg(one.value));
        return known.join(" · ");
    }

    label: Kiosk.words.entry_list
    model: Kiosk.audit_entries.lines
    delegate: Rectangle {
        id: line
        required property var modelData
        width: entries.width - 10
        height: Math.max(Theme.target, words.implicitHeight + 16)
        radius: Theme.radius
        color: Theme.surface
        Accessible.role: Accessible.ListItem
        Accessible.name: when.text + ", " + event.text + ", " + about.text
        Label {
            id: when
            anchors { left: parent.left; leftMargin: Theme.gap; verticalCenter: parent.verticalCenter }
            width: 186
            text: line.modelData.at
            color: Theme.quiet
            font.pixelSize: Theme.small
            Accessible.ignored: true
        }
        Column {
            id: words
            anchors { left: when.right; right: number.left; rightMargin: Theme.gap; verticalCenter: parent.verticalCenter }
            spacing: 2
            Label {
                id: event
                width: parent.width
                text: (line.modelData.failed ? "⚠ " : "") + (Kiosk.words["event_" + line.modelData.event.replace(/-/g, "_")] || line.modelData.event)
                color: line.modelData.failed ? Theme.warning : Theme.text
                font.bold: line.modelData.failed
                Accessible.ignored: true
            }
            Label {
                id: about
                width: parent.width
                visible: text !== ""
                text: entries.about(line.modelData)
                color: Theme.quiet
                font.pixelSize: Theme.small
                Accessible.ignored: true
            }
        }
        Label {
            id: number
            anchors { right: parent.right; rightMargin: Theme.gap; verticalCenter: parent.verticalCenter }
            text: Kiosk.words.entry_index.arg(line.modelData.index)
            color: Theme.quiet
            font.pixelSize: Theme.small
            Accessible.ignored: true
        }
    }
}
