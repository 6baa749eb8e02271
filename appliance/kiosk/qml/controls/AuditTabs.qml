import QtQuick
import Kiosk

// The parts of what an auditor sees, and that looking is in the log as well.
Tabs {
    enabled: Kiosk.audit_export.burning < 0 && Kiosk.audit.checking < 0
    parts: [
        { name: "verify", text: Kiosk.words.audit_verify },
        { name: "sessions", text: Kiosk.words.audit_sessions },
        { name: "refusals", text: Kiosk.words.audit_refusals },
        { name: "export", text: Kiosk.words.audit_export }
    ]
    remark: Kiosk.words.audit_logged
    onWanted: name => Kiosk.act("audit.turn_to", [name])
}
