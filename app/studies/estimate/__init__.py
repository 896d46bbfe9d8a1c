"""Estimates of key figures while a lever moves: from a model whose error is measured (`docs/estimate.md`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grid.public_names import on_demand

if TYPE_CHECKING:
    from app.studies.estimate.estimate import FIGURES, Band, ScenarioEstimate
    from app.studies.estimate.estimator import Estimator, estimator_for

__all__ = ["FIGURES", "Band", "Estimator", "ScenarioEstimate", "estimator_for"]

__getattr__ = on_demand(
    __name__,
    {
        "FIGURES": "estimate",
        "Band": "estimate",
        "Estimator": "estimator",
        "ScenarioEstimate": "estimate",
        "estimator_for": "estimator",
    },
)
