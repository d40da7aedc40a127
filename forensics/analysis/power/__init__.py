"""In-situ power test: edits planted in copies of parts of the analyzed picture, and how many of them are found.

An experiment. It says nothing about whether the picture was edited.
"""
