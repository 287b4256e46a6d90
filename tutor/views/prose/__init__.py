"""Markdown with formulas, shown."""
