"""A data centre over a whole year, whatever the period of the run that it is part of."""
