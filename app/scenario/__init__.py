"""The scenario file: schema, reading, everything that can be wrong with it."""
