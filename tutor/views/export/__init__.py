"""Pictures and animations to take away: drawn by the graph's own scene, written in each format, whole or not at all."""
