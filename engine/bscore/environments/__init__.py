"""The interpreter a script runs on."""
