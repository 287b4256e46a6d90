"""What the program printed, and how it failed."""
