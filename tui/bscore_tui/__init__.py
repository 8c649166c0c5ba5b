"""The monitor: watch, launch and replay scoring jobs in the terminal."""
