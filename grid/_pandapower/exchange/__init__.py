"""Nets in and out of the formats of others: pandapower's converters, nets of plain tables, plain tables of nets."""
