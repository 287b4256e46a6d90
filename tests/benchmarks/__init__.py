"""Costs of the recorder, measured by hand (`make bench`), never asserted in the suite."""
