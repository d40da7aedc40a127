"""What a run does beside learning: averaging, saving, stopping, looking."""
