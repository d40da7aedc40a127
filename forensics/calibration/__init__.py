"""What a score means: thresholds, likelihood ratios and analyzability as plain numbers, and how each is fitted."""
