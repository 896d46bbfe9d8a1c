"""Outdoor air and the properties of moist air."""
