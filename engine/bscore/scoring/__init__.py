"""Scoring from Python: functions, scripts and job files, over paths, values and tables."""

from bscore.scoring.calls import read_rows, score
from bscore.scoring.result import MissingRowsWarning, ScoreError, ScoreInterrupted, ScoreResult

__all__ = ["MissingRowsWarning", "ScoreError", "ScoreInterrupted", "ScoreResult", "read_rows", "score"]
