"""How fast the dashboard is in a real browser: first page, page changes, the map's frames, memory, many planners."""
