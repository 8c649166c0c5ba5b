"""All of bscore that runs inside the user's process: standard library only, Python 3.7 and newer."""
