"""Measurements on their way in: files, messages, the store that keeps them, and a city that is simulated."""
