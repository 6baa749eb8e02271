import QtQuick
import QtQuick.Layouts
import QtQuick.Shapes

RowLayout {
    Text {
        text: "第二页 Second page"
        color: "white"
        font.pixelSize: 30
    }
    Shape {
        implicitWidth: 60
        implicitHeight: 60

        ShapePath {
            fillColor: "orange"
            startX: 0
            startY: 60

            PathLine { x: 30; y: 0 }
            PathLine { x: 60; y: 60 }
        }
    }
}
