"""What the ledgers say by standard: scope 2, 24/7, statements, vehicles, hydrogen, marginal intensity."""
