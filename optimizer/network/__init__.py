"""Limits of the network as rows of the programme."""
