"""Forgeries as folders and shards, made by one process or several."""
