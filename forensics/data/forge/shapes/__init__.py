"""The regions that edits change: free outlines, pieces of what the picture shows, strokes and text."""
