"""The master: plan, carry out, listen, record."""
