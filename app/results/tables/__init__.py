"""The tables of a result, one module a family."""
