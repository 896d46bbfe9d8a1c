"""Siting, retrofit, remedies and uncertainty of data centres."""
