"""The grid of a city and what is connected to it.

- `grid.readers` reads grids in the formats of others, `grid.synthetic` makes one; `grid.network` is what both become.
- `grid.powerflow` solves every step, `grid.three_phase` and `grid.phase_coordinates` phase by phase, with
  `grid.controllers` that hold voltages.
- `grid.time` is the time axis, `grid.weather` the air of a place; `grid.city` a grid with its profiles.
- `grid.assets` are kinds of assets, each of which becomes a `grid.flexibility`: what may be decided about it.
- `grid.twin` is the grid in operation: measurements, estimation, forecasts, alerts, ageing, reliability.

Packages import only what stands before them: files, time and network, then readers and powerflow; weather and
flexibility, then city, then assets and twin. `_pandapower` is the only one that knows pandapower.
"""
