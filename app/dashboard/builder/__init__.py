"""The scenario builder: drafts, levers, the form of the schema, uploads, runs and sweeps of two levers."""
