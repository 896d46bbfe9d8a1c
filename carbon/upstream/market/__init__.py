"""The merit-order model of a region."""
