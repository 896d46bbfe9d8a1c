"""Weather files and the air of a place."""
