"""Carbon: tracing, stocks, accounts, factors, upstream regions and data centres."""
