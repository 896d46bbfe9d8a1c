"""Electric cars: fleets, recorded sessions, places and vehicle classes."""
