"""The city: pandapower net, profiles, sectors and where things are placed."""
