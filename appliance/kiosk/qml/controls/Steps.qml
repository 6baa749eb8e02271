import QtQuick
import Kiosk

// Where in the visit this is: a line of numbered words, of which the present one is framed.
Row {
    id: steps

    readonly property var visitScreens: ["Consent", "Series", "Face", "Changes", "Compare", "Variants", "Agreement", "Request"]
    readonly property var projectScreens: ["Sources", "Target", "Persons", "Swap", "Results", "Request"]
    readonly property var screens: Kiosk.session.project !== "" ? projectScreens : visitScreens
    readonly property int here: screens.indexOf(Kiosk.place.screen)

    visible: here >= 0
    spacing: 6
    Accessible.role: Accessible.Grouping
    Accessible.name: here < 0 ? "" : Kiosk.words.steps_here.arg(here + 1).arg(screens.length)
    Repeater {
        model: steps.screens
        delegate: Rectangle {
            required property int index
            required property string modelData
            readonly property bool here: index === steps.here
            width: Math.max(36, name.implicitWidth + 20)
            height: 36
            radius: 18
            color: here ? Theme.raised : "transparent"
            border { width: here ? 2 : 1; color: here ? Theme.accent : Theme.pressed }
            Text {
                id: name
                anchors.centerIn: parent
                text: parent.here ? (parent.index + 1) + " " + Kiosk.words["steps_" + parent.modelData.toLowerCase()]
                      : parent.index < steps.here ? "✓" : parent.index + 1
                color: parent.here ? Theme.text : Theme.quiet
                font { family: Theme.family; pixelSize: Theme.small; bold: parent.here }
                textFormat: Text.PlainText
            }
        }
    }
}
