"""How much the twin takes in, and what that costs."""
