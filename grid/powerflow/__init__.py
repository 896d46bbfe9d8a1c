"""AC power flow of every step, its extremes and outages."""
