"""Commands of many scenarios at once."""
