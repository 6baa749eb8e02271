"""The label of GB 45438-2025 that programs read, at the places of TC260's guides."""
