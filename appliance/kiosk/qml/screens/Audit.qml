import QtQuick
import Kiosk
import "../controls"

// An auditor's first question: whether the log is whole.
Page {
    id: page

    readonly property bool checked: Kiosk.audit.verdict !== ""
    readonly property bool sound: Kiosk.audit.verdict === "sound"
    readonly property bool checking: Kiosk.audit.checking >= 0

    title: Kiosk.words.audit_title
    sentence: Kiosk.words.audit_more
    back: Kiosk.words.looking_leave
    next: page.checking ? "" : page.checked ? Kiosk.words.audit_again : Kiosk.words.audit_check
    onGoBack: Kiosk.act("session.leave", [])
    onGoOn: Kiosk.act("audit.verify", [])

    AuditTabs {
        id: tabs
        width: parent.width
        chosen: "verify"
    }
    Label {
        anchors { left: parent.left; right: parent.right; verticalCenter: parent.verticalCenter; margins: 80 }
        visible: !page.checked && !page.checking
        text: Kiosk.words.audit_unchecked
        color: Theme.quiet
        font.pixelSize: 22
        horizontalAlignment: Text.AlignHCenter
    }
    Progress {
        anchors { left: parent.left; right: parent.right; verticalCenter: parent.verticalCenter; margins: 160 }
        visible: page.checking
        done: Kiosk.audit.checking
        text: Kiosk.words.audit_checking.arg(Math.round(100 * Kiosk.audit.checking))
    }
    Item {
        anchors { left: parent.left; right: parent.right; top: tabs.bottom; bottom: parent.bottom; topMargin: Theme.gap }
        visible: page.checked
        Label {
            id: verdict
            objectName: "verdict"
            anchors { left: parent.left; right: parent.right; top: parent.top }
            text: page.sound ? "✓ " + Kiosk.words.audit_sound.arg(Kiosk.audit.entries) : "⚠ " + Kiosk.words.audit_damaged.arg(Kiosk.audit.problems)
            color: page.sound ? Theme.good : Theme.warning
            font { pixelSize: 24; bold: true }
        }
        LineList {
            anchors { left: parent.left; right: prints.left; rightMargin: Theme.margin; top: verdict.bottom; bottom: parent.bottom; topMargin: 12 }
            label: Kiosk.words.audit_facts
            model: Kiosk.audit.findings.map(one => "⚠ " + Kiosk.words.audit_finding.arg(Kiosk.words["finding_" + one.problem.replace(/-/g, "_")]).arg(one.entry < 0 ? one.file : Kiosk.words.entry_index.arg(one.entry))).concat([
                Kiosk.audit.at === "" ? "" : Kiosk.words.audit_span.arg(Kiosk.audit.since).arg(Kiosk.audit.at),
                (Kiosk.audit.outside === "yes" ? "✓ " : Kiosk.audit.outside === "no" ? "⚠ " : "? ") + Kiosk.words["audit_outside_" + Kiosk.audit.outside],
                (Kiosk.audit.counter === "yes" ? "✓ " : Kiosk.audit.counter === "no" ? "⚠ " : "? ") + Kiosk.words["audit_counter_" + Kiosk.audit.counter],
                Kiosk.audit.anchored === "" ? "? " + Kiosk.words.audit_never_anchored : "✓ " + Kiosk.words.audit_anchored.arg(Kiosk.audit.anchored),
                Kiosk.audit.pruned === 0 ? "" : Kiosk.words.audit_pruned.arg(Kiosk.audit.pruned)
            ]).filter(text => text !== "")
            delegate: Label {
                required property string modelData
                width: ListView.view.width - 12
                text: modelData
                color: modelData.startsWith("⚠") ? Theme.warning : Theme.text
                Accessible.role: Accessible.ListItem
            }
        }
        Row {
            id: prints
            anchors { right: parent.right; top: verdict.bottom; topMargin: 12 }
            spacing: Theme.margin
            Fingerprint {
                width: 264
                heading: Kiosk.words.audit_fingerprint
                groups: Kiosk.audit.fingerprint
            }
            Fingerprint {
                width: 264
                heading: Kiosk.words.audit_key
                groups: Kiosk.audit.key
            }
        }
    }
}
