"""Cost against carbon, and representative days."""
