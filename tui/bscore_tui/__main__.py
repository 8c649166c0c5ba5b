"""`python -m bscore_tui` is `bscore-tui`."""

from bscore_tui.cli import main

main()
