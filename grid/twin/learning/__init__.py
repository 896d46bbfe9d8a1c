"""What was predicted against what came: measured effects, corrections of the next predictions, and their worth."""
