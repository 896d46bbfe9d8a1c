"""Two views of a city's electricity: what it produces, and what it consumes, and how one leads to the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from carbon.ledgers.carbon import CarbonLedger
from carbon.tracing.flows import Sources
from carbon.validation import array_faults, check_step_hours, shape_faults
from grid.arrays import Bools, Floats
from grid.errors import raise_if_any


@dataclass(frozen=True, eq=False)
class Views:
    """Production- and consumption-based emissions of every step; shape (T,) each [kg].

    ``production + imports - exports + arriving - stock change = consumption``.

    Args:
        production_kg: Production-based: generation within the boundary, and nothing of the imports.
        consumption_kg: Consumption-based: what the traced city answers for, grid losses included.
        import_kg: Carbon of imports.
        export_kg: Carbon of exports, at the intensity of the node where they leave.
        arriving_kg: Carbon that stationary stores were given from outside the grid.
        stock_change_kg: What stationary stores hold more at the end of the step.
        reverse_flow_mwh: Energy that the city feeds back into the grid above [MWh].
    """

    production_kg: Floats
    consumption_kg: Floats
    import_kg: Floats
    export_kg: Floats
    arriving_kg: Floats
    stock_change_kg: Floats
    reverse_flow_mwh: Floats

    @property
    def residual_kg(self) -> Floats:
        """What the reconciliation misses, shape (T,) [kg]."""
        entered = self.production_kg + self.import_kg - self.export_kg + self.arriving_kg
        return entered - self.stock_change_kg - self.consumption_kg

    @property
    def net_import_kg(self) -> Floats:
        """Carbon embodied in trade: imports less exports, shape (T,) [kg]; negative where the city gives more."""
        return self.import_kg - self.export_kg

    @property
    def reverse_steps(self) -> int:
        """In how many steps power flows back into the grid above."""
        return int(np.count_nonzero(self.reverse_flow_mwh > 0))


@dataclass(frozen=True, eq=False)
class SuppliedCarbon:
    """Carbon of all sources in every step, whatever the convention; shape (T,) each [kg].

    Args:
        production_kg: Of generation within the city.
        import_kg: Of imports.
    """

    production_kg: Floats
    import_kg: Floats


def supplied_carbon(sources: Sources, imported: Bools, *, step_hours: float) -> SuppliedCarbon:
    """Carbon of local generation and of imports.

    Args:
        sources: Generation and imports that were traced.
        imported: Whether each source lies outside the city, shape (G,).
        step_hours: Length of a step [h].

    Raises:
        InputError: If the inputs do not fit together.
    """
    check_step_hours(step_hours)
    outside = np.asarray(imported, dtype=np.bool_)
    raise_if_any(array_faults("imported", outside.astype(np.float64), sources.node.shape))
    source_kg = step_hours * sources.p_mw * sources.ci_kg_per_mwh
    return SuppliedCarbon(source_kg[:, ~outside].sum(axis=1), source_kg[:, outside].sum(axis=1))


def city_views(
    ledger: CarbonLedger,
    sources: Sources,
    imported: Bools,
    export_mwh: Floats,
    *,
    step_hours: float,
    supplied: SuppliedCarbon | None = None,
) -> Views:
    """Both views of a traced city.

    Args:
        ledger: Its carbon ledger, of any convention.
        sources: Generation and imports that were traced.
        imported: Whether each source lies outside the city, shape (G,).
        export_mwh: What leaves the city, shape (T,): `EnergyLedger.export_mwh` [MWh].
        step_hours: Length of a step [h].
        supplied: From `supplied_carbon` of the same sources, for who knows it already.

    Raises:
        InputError: If the inputs do not fit together.
    """
    steps = ledger.source_kg.shape
    raise_if_any(
        [
            *shape_faults("sources.p_mw", sources.p_mw, (*steps, len(sources.node))),
            *array_faults("export_mwh", export_mwh, steps, low=0),
        ]
    )
    supplied = supplied or supplied_carbon(sources, imported, step_hours=step_hours)
    stationary = ledger.stationary.carbon
    return Views(
        production_kg=supplied.production_kg,
        consumption_kg=ledger.emissions_kg,
        import_kg=supplied.import_kg,
        export_kg=ledger.export_kg,
        arriving_kg=stationary.arriving,
        stock_change_kg=stationary.change,
        reverse_flow_mwh=export_mwh,
    )
