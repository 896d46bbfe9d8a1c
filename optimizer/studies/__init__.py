"""Questions that need several dispatches or choices: frontier of cost and carbon, representative days, best sets."""
