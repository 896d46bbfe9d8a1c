"""The state of a city by what was measured: from a stored result and measurements to bands of everything."""
