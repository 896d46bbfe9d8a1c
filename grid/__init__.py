"""The grid of a city and what is connected to it.

Packages import only what stands before them: files, time and network, then powerflow; weather and flexibility, then
city, then assets. `_pandapower` is the only one that knows pandapower.
"""
