"""Inputs: listed by a process of its own into a manifest, cut into mini-batches."""
