"""What every screen shows, as plain functions: model in, lines of (text, style name) out. No Textual here."""
