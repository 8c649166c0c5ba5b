"""Where nodes come from; every backend passes the same contract."""
