"""The edits: what is done to a region, how it is pasted, and the networks that generate content."""
