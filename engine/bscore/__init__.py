"""bscore: run batch scoring scripts anywhere. The public Python names, nothing else."""

__version__ = "0.1.0"
