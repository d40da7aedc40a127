"""Training of the learned `noise` signal: what happened to pixels, apart from what they show."""
