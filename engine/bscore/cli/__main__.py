"""`python -m bscore.cli`: the same as the bscore command."""

from bscore.cli import main

main()
