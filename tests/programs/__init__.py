"""Programs as learners have them, each with the figures that do not hang on random numbers."""
