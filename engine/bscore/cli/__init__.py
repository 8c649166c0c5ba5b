"""The bscore command: one command per file."""
