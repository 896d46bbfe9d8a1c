"""Runs that were asked for one by one: their scenarios as files of the store, their rows and what happened to them."""
