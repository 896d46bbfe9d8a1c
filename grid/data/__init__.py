"""Data shipped with the grid package, each set with its licence and the script that bakes it."""
