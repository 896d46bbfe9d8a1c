"""Heat demand and heat pumps."""
