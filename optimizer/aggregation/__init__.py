"""Many charging sessions as few columns."""

import grid.code_cache  # noqa: F401  before any function is compiled
