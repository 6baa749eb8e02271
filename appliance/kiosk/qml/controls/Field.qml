import QtQuick
import QtQuick.Controls.Basic

// A line of text. It keeps no history, offers nothing, and cannot be copied from.
TextField {
    id: field

    property string label: ""

    implicitHeight: Theme.target
    color: Theme.text
    placeholderTextColor: Theme.quiet
    selectByMouse: false
    maximumLength: 128
    font { family: Theme.family; pixelSize: 22 }
    leftPadding: Theme.gap
    inputMethodHints: Qt.ImhSensitiveData | Qt.ImhNoPredictiveText | Qt.ImhNoAutoUppercase
    Accessible.role: Accessible.EditableText
    Accessible.name: label
    Keys.onShortcutOverride: event => event.accepted = event.matches(StandardKey.Copy)
                                      || event.matches(StandardKey.Cut)
                                      || event.matches(StandardKey.Paste)
    Keys.onPressed: event => {
        if (event.matches(StandardKey.Copy) || event.matches(StandardKey.Cut)
                || event.matches(StandardKey.Paste))
            event.accepted = true;
    }

    background: Rectangle {
        radius: Theme.radius
        color: Theme.surface
        border { width: field.activeFocus ? 3 : 2; color: field.activeFocus ? Theme.accent : Theme.line }
    }
}
