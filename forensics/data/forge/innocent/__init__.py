"""What ordinary people do to whole pictures."""
