"""Estimates of key figures while a lever moves: from a model whose error is measured (`docs/estimate.md`)."""

from app.studies.estimate.estimate import FIGURES, Band, ScenarioEstimate
from app.studies.estimate.estimator import Estimator, estimator_for

__all__ = ["FIGURES", "Band", "Estimator", "ScenarioEstimate", "estimator_for"]
