"""The map of the grid: layers in chunks of time, districts, devices, differences of two results, an outline."""
