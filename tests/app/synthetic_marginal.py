"""The table of marginal intensities of the synthetic result."""

from __future__ import annotations

import numpy as np
import polars as pl


def marginal_table(times: pl.Series, import_ci: np.ndarray) -> pl.DataFrame:
    """Where imports are made of coal and wind, the next MWh is not their mean."""
    marginal_ci = 1.5 * import_ci
    return pl.DataFrame({
        "time": times, "below_kg_per_mwh": marginal_ci, "above_kg_per_mwh": marginal_ci,
        "tie": [False] * len(times), "mean_kg_per_mwh": import_ci,
    })  # fmt: skip
