"""What is registered here."""
