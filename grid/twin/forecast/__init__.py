"""What will be drawn and fed in over the hours ahead, from what was measured, with quantiles.

Learned here, scored against persistence and the usual day of the week, and turned into samples whose steps and series
belong together. scikit-learn is imported when a model is trained, and not before.
"""

from grid.twin.forecast.backtest import Backtest, backtest
from grid.twin.forecast.forecaster import Forecaster, QuantileForecast, make_forecaster
from grid.twin.forecast.history import PowerHistory
from grid.twin.forecast.quantiles import LEVELS
from grid.twin.forecast.samples import sample_paths

__all__ = [
    "LEVELS",
    "Backtest",
    "Forecaster",
    "PowerHistory",
    "QuantileForecast",
    "backtest",
    "make_forecaster",
    "sample_paths",
]
