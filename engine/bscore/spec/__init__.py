"""What the user asked for: every dialect and option name becomes one JobConfig."""
