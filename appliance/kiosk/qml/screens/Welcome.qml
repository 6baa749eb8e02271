import QtQuick
import Kiosk
import "../controls"

// Nobody is here: what to do first, and in which language.
Page {
    Column {
        anchors.centerIn: parent
        width: Math.min(parent.width, 760)
        spacing: Theme.margin

        Label {
            width: parent.width
            text: Kiosk.words.bar_product
            horizontalAlignment: Text.AlignHCenter
            font { pixelSize: 44; bold: true }
            Accessible.role: Accessible.Heading
        }
        Label {
            width: parent.width
            text: Kiosk.session.lost ? "⚠ " + Kiosk.words.welcome_lost : Kiosk.words.welcome_insert
            color: Kiosk.session.lost ? Theme.warning : Theme.text
            horizontalAlignment: Text.AlignHCenter
            font.pixelSize: 26
        }
        Rectangle {          // a token and where it goes, drawn
            anchors.horizontalCenter: parent.horizontalCenter
            width: 300
            height: 120
            color: "transparent"
            visible: !Kiosk.session.lost
            Rectangle { x: 30; y: 34; width: 140; height: 52; radius: 12; color: Theme.raised; border { width: 3; color: Theme.accent } }
            Rectangle { x: 60; y: 50; width: 20; height: 20; radius: 10; color: Theme.accent }
            Rectangle { x: 170; y: 46; width: 36; height: 28; color: Theme.line }
            Rectangle { x: 236; y: 30; width: 12; height: 60; radius: 3; color: Theme.line }
            Text { x: 208; y: 42; text: "›"; color: Theme.text; font { pixelSize: 28; family: Theme.family } }
        }
        Label {
            width: parent.width
            text: Kiosk.words.welcome_promise
            color: Theme.quiet
            horizontalAlignment: Text.AlignHCenter
        }
    }
}
