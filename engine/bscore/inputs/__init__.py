"""Inputs: listed in a process of their own into a manifest, cut into mini-batches on the way."""
