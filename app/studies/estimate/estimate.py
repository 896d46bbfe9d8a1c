"""What an estimate says: key figures with a band, or why there is none; never a result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

FIGURES = (
    *("emissions_t", "emissions_marginal_not_in_inventory_t", "ci_mean_g_per_kwh", "renewable_share", "cost"),
    *("consumption_mwh", "import_mwh", "export_mwh", "peak_import_mw", "generation_mwh", "grid_loss_mwh"),
    *("line_loading_max_percent", "trafo_loading_max_percent", "vm_min_pu", "vm_max_pu", "violation_steps"),
    *("ev_energy_mwh", "v2g_energy_mwh", "ev_ci_g_per_kwh", "pue_mean"),
)
"""Key figures that are estimated, by key of the summary; of data centres their energy and PUE too."""


@dataclass(frozen=True)
class Band:
    """An estimated figure and the band within which the run is expected to come out.

    Args:
        value: The estimate, in the unit of the key figure.
        low: Lower end of the band.
        high: Upper end; all three are equal where the figure is that of a stored result.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ScenarioEstimate:
    """Key figures of a scenario before it runs.

    Args:
        figures: By key of the summary.
        cannot: Why there is no figure, by key; a reason that concerns all of them stands at each.
        method: How the figures were made, in a sentence.
        error_words: What the bands are, and what they rest on, in a sentence.
        exact: Name of the stored result of exactly this scenario, whose figures these are; empty for an estimate.
    """

    figures: Mapping[str, Band]
    cannot: Mapping[str, str] = field(default_factory=dict)
    method: str = ""
    error_words: str = ""
    exact: str = ""
