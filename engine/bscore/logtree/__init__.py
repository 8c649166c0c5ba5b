"""The standard log tree, both directions: whoever writes a shape also reads it."""
