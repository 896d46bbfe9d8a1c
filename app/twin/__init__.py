"""A city in operation: measurements taken in, estimates, forecasts, alerts and their log; ageing and reliability."""
