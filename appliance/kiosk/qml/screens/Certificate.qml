import QtQuick
import Kiosk
import "../controls"

// What was erased, and the proof of it.
Page {
    title: Kiosk.session.clean ? "✓ " + Kiosk.words.certificate_title : "⚠ " + Kiosk.words.certificate_not_clean
    sentence: Kiosk.words.certificate_more
    next: Kiosk.words.certificate_done
    onGoOn: Kiosk.act("session.leave", [])

    Row {
        anchors.centerIn: parent
        spacing: 64
        Column {
            spacing: Theme.gap
            anchors.verticalCenter: parent.verticalCenter
            Repeater {
                model: [
                    Kiosk.words.certificate_session.arg(Kiosk.session.session),
                    Kiosk.session.before > 0 ? Kiosk.words.certificate_canaries.arg(Kiosk.session.before).arg(Kiosk.session.after)
                                             : Kiosk.words.certificate_memory,
                    Kiosk.words.certificate_ms.arg(Kiosk.session.ms)
                ]
                delegate: Label {
                    required property string modelData
                    text: modelData
                    font.pixelSize: 22
                }
            }
        }
        Code {
            text: Kiosk.session.proof
            visible: Kiosk.session.proof !== ""
            label: Kiosk.words.certificate_code
        }
    }
}
