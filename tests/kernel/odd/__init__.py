"""Programs as nobody writes them for a recorder: all that Python and torch allow, a theme a file."""
