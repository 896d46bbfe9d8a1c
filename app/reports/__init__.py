"""Documents for others: inventory, statements, contracts, exported nets."""
