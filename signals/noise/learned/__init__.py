"""Our own learned extractor of processing history, and the score that clusters what it finds."""
