"""The cells of code and their editor."""
