import QtQuick
import Kiosk

// The parts of what an administrator sees, and that looking is in the log.
Tabs {
    parts: [
        { name: "checks", text: Kiosk.words.machine_checks },
        { name: "storage", text: Kiosk.words.machine_storage },
        { name: "people", text: Kiosk.words.machine_people }
    ]
    remark: Kiosk.words.machine_logged.arg(Kiosk.machine.seen)
    onWanted: name => Kiosk.act("machine.turn_to", [name])
}
