"""Forecasts of a city's powers from what was measured, and what they mean at its buses."""
