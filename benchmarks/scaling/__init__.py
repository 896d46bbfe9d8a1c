"""How time and memory of a run grow with cars and days."""
