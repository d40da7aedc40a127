"""Scores of maps against masks, under named protocols; import from its modules."""
