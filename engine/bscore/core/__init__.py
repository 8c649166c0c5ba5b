"""The pure core: what a run is, what happens to it, and what to do next.

Nothing in this room knows a clock, a file, a process or randomness.
"""
