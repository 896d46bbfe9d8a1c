"""Forecasts: what a window of the dispatch knows of demand, generation and arrivals ahead."""
