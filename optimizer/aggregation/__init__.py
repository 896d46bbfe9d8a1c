"""Many charging sessions as few columns of the linear programme."""

import grid.code_cache  # noqa: F401  before any function is compiled
