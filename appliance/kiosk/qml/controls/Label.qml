import QtQuick

// A line or paragraph of text, which a screen reader can read.
Text {
    color: Theme.text
    font.family: Theme.family
    font.pixelSize: Theme.body
    wrapMode: Text.Wrap
    textFormat: Text.PlainText
    Accessible.role: Accessible.StaticText
    Accessible.name: text
}
