import QtQuick
import Kiosk

// A photo or film of the session as a small picture to choose, with its kind and length in words.
Rectangle {
    id: card

    property var shown
    property bool chosen: false
    property bool several: false       // whether several may be chosen
    readonly property string label: (shown.is_film ? Kiosk.words.film_film.arg(shown.item) : Kiosk.words.film_photo.arg(shown.item))
        + (shown.seconds > 0 ? " · " + Kiosk.words.film_seconds.arg(shown.seconds.toFixed(1)) : "")

    signal picked()
    signal reached()              // by the keyboard, and has to be seen

    radius: Theme.radius
    color: Theme.surface
    border { width: chosen || button.activeFocus ? 3 : 0; color: button.activeFocus ? Theme.text : Theme.accent }
    Picture {
        anchors { left: parent.left; right: parent.right; top: parent.top; bottom: name.top; margins: 8 }
        name: card.shown.picture
        label: card.label
    }
    Label {
        id: name
        anchors { left: parent.left; right: parent.right; bottom: parent.bottom; margins: 10 }
        text: (card.chosen ? "✓ " : "") + card.label
        font.bold: card.chosen
        wrapMode: Text.NoWrap
        elide: Text.ElideRight
    }
    MouseArea {
        id: button
        objectName: card.objectName + "-pick"
        anchors.fill: parent
        activeFocusOnTab: true
        onActiveFocusChanged: if (activeFocus) card.reached()
        Accessible.role: card.several ? Accessible.CheckBox : Accessible.RadioButton
        Accessible.name: card.label
        Accessible.checkable: true
        Accessible.checked: card.chosen
        Accessible.onPressAction: card.picked()
        Keys.onSpacePressed: card.picked()
        Keys.onReturnPressed: card.picked()
        Keys.onEnterPressed: card.picked()
        onClicked: card.picked()
    }
}
