"""The lesson's pane: its text, its number to drag, its question."""
