import QtQuick
import Kiosk
import "../controls"

// The way out: ask, have a second person decide, burn.
Page {
    id: page

    readonly property bool waits: Kiosk.request.release !== ""
    readonly property bool inProject: Kiosk.session.project !== ""
    readonly property bool released: Kiosk.request.numbers.length > 0

    title: Kiosk.words.request_title
    sentence: Kiosk.words.request_more
    back: Kiosk.words.go_back
    erases: inProject ? "" : "next"
    next: inProject ? Kiosk.words.session_park : Kiosk.words.session_end
    onGoBack: Kiosk.act("request.go_back", [])
    onGoOn: Kiosk.act(inProject ? "session.park" : "session.end", [])

    Column {
        anchors { left: parent.left; right: parent.right; verticalCenter: parent.verticalCenter }
        spacing: Theme.margin
        Repeater {
            model: [
                { number: 1, name: "ask", done: page.waits || page.released },
                { number: 2, name: "decide", done: page.released && !page.waits },
                { number: 3, name: "burn", done: Kiosk.request.burned !== "" }
            ]
            delegate: Rectangle {
                id: step
                required property var modelData
                readonly property string name: modelData.name
                width: parent.width
                height: 104
                radius: Theme.radius
                color: Theme.surface
                Label {
                    id: mark
                    anchors { left: parent.left; leftMargin: Theme.margin; verticalCenter: parent.verticalCenter }
                    width: 40
                    text: step.modelData.done ? "✓" : step.modelData.number
                    color: step.modelData.done ? Theme.good : Theme.quiet
                    font { pixelSize: 28; bold: true }
                }
                Label {
                    anchors { left: mark.right; right: button.left; margins: Theme.gap; verticalCenter: parent.verticalCenter }
                    text: step.name === "ask" ? (page.inProject ? Kiosk.words.request_ask_result : Kiosk.words.request_ask_more)
                          : step.name === "decide" ? (page.waits ? Kiosk.words.request_waits.arg(Kiosk.request.minutes) : page.released ? Kiosk.words.request_released.arg(Kiosk.request.numbers.join(", ")) : Kiosk.words.request_decide_more)
                          : Kiosk.request.burned !== "" ? Kiosk.words.request_burned.arg(Kiosk.request.burned.slice(0, 16))
                          : Kiosk.words.request_burn_more
                }
                ActionButton {
                    id: button
                    objectName: step.name
                    anchors { right: parent.right; rightMargin: Theme.margin; verticalCenter: parent.verticalCenter }
                    width: 320
                    kind: enabled ? "main" : "plain"
                    enabled: step.name === "ask" ? !page.waits && !Kiosk.request.asking
                             : step.name === "decide" ? page.waits
                             : page.released && Kiosk.request.burning < 0
                    text: step.name === "burn" && Kiosk.request.burning >= 0
                          ? Kiosk.words.request_burning.arg(Math.round(100 * Kiosk.request.burning))
                          : Kiosk.words["request_" + step.name]
                    onClicked: Kiosk.act("request." + step.name, [])
                }
            }
        }
    }
}
