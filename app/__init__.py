"""The product: scenarios, simulation, results, command line and dashboard."""
