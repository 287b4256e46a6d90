"""The picture on the canvas: items, their places and motion."""
