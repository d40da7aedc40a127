"""The commands that people type; each calls the rooms below it."""
