"""The agent of a node: it owns the workers."""
