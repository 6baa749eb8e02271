pragma Singleton
import QtQuick

// Colours for a dark room, sizes for gloves. Contrast of text: at least 4.5 to 1 (WCAG 2.2, AA).
QtObject {
    readonly property color background: "#0f1519"
    readonly property color surface: "#19222a"
    readonly property color raised: "#26333e"
    readonly property color pressed: "#31424f"
    readonly property color line: "#6d8291"
    readonly property color text: "#eef3f6"
    readonly property color quiet: "#b3c1cb"
    readonly property color accent: "#6fd0c8"
    readonly property color accentInk: "#06201e"
    readonly property color good: "#8fd3a8"
    readonly property color warning: "#ffcb6b"
    readonly property color danger: "#ff9d94"
    readonly property color dangerInk: "#2b0704"
    readonly property color training: "#3a3215"

    readonly property int target: 56      // pixels: the least height of what can be touched
    readonly property int gap: 16
    readonly property int margin: 24
    readonly property int radius: 10
    readonly property int small: 16
    readonly property int body: 19
    readonly property int heading: 30
    readonly property string family: "Noto Sans CJK SC"
}
