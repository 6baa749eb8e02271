import QtQuick
import Kiosk
import "../controls"

// The reference of the form that the patient signed.
Page {
    id: page

    title: Kiosk.words.consent_title
    sentence: Kiosk.words.consent_more
    back: Kiosk.words.session_end
    erases: "back"
    next: Kiosk.words.go_on
    nextEnabled: Kiosk.consent.reference.trim() !== ""
    onGoBack: Kiosk.act("session.end", [])
    onGoOn: Kiosk.act("consent.accept", [])

    Column {
        anchors.horizontalCenter: parent.horizontalCenter
        spacing: Theme.margin
        Field {
            id: field
            objectName: "reference"
            width: keyboard.width
            focus: true
            label: Kiosk.words.consent_title
            placeholderText: Kiosk.words.consent_example
            text: Kiosk.consent.reference
            onTextEdited: Kiosk.act("consent.type", [text])
            onAccepted: Kiosk.act("consent.accept", [])
        }
        Keyboard {
            id: keyboard
            onTyped: character => Kiosk.act("consent.type", [Kiosk.consent.reference + character])
            onErased: Kiosk.act("consent.type", [Kiosk.consent.reference.slice(0, -1)])
        }
    }
}
