"""Many charging sessions as few columns."""
