"""bscore: run batch scoring scripts anywhere. The public Python names, nothing else."""
