"""Outputs: part files, commit points, and the moment a result gets its name."""
