"""Hydrogen stations."""
