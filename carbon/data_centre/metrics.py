"""The standard ratios of a data centre over a run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from carbon.data_centre.facility import Facility
from grid.arrays import Floats
from grid.errors import InputError
from grid.units import KWH_PER_MWH


@dataclass(frozen=True)
class Metrics:
    """Energy, water and carbon of a run; the ratios are per IT energy and None where there is none.

    Args:
        energy_mwh: At the grid's meter [MWh].
        it_energy_mwh: Of the servers [MWh].
        water_l: Made up on site [L].
        emissions_kg: Carried by the energy at the meter [kg CO2e]; None where no intensity is known.
        pue: Power usage effectiveness, ISO/IEC 30134-2: facility per IT energy [1].
        wue_l_per_kwh: Water usage effectiveness, ISO/IEC 30134-9: site water per IT energy [L/kWh].
        cue_kg_per_kwh: Carbon usage effectiveness, ISO/IEC 30134-8: emissions per IT energy [kg/kWh].
    """

    energy_mwh: float
    it_energy_mwh: float
    water_l: float
    emissions_kg: float | None
    pue: float | None
    wue_l_per_kwh: float | None
    cue_kg_per_kwh: float | None


def metrics(facility: Facility, ci_kg_per_mwh: Floats | None = None) -> Metrics:
    """The standard ratios of a run, as ratios of sums (the mean of the steps' PUE is not the run's PUE).

    Args:
        facility: Power and water of T steps.
        ci_kg_per_mwh: Intensity of the power at its bus, shape (T,) [kg/MWh]; NaN where nothing flows.

    Raises:
        InputError: If the intensity's shape disagrees, or it is NaN in a step that draws power.
    """
    hours = facility.step_hours
    energy_mwh = float(facility.p_total_mw.sum() * hours)
    it_energy_mwh = float(facility.p_it_mw.sum() * hours)
    water_l = float(facility.water_l.sum())
    emissions_kg = None if ci_kg_per_mwh is None else _emissions_kg(facility, ci_kg_per_mwh)
    if it_energy_mwh == 0.0:
        return Metrics(energy_mwh, it_energy_mwh, water_l, emissions_kg, None, None, None)
    it_energy_kwh = it_energy_mwh * KWH_PER_MWH
    return Metrics(
        energy_mwh,
        it_energy_mwh,
        water_l,
        emissions_kg,
        pue=energy_mwh / it_energy_mwh,
        wue_l_per_kwh=water_l / it_energy_kwh,
        cue_kg_per_kwh=None if emissions_kg is None else emissions_kg / it_energy_kwh,
    )


def _emissions_kg(facility: Facility, ci_kg_per_mwh: Floats) -> float:
    """Emissions carried by the power at the meter [kg]; NaN intensity times no power counts as 0."""
    p_mw = facility.p_total_mw
    if np.shape(ci_kg_per_mwh) != p_mw.shape:
        raise InputError.single("ci_kg_per_mwh", f"must have shape {p_mw.shape}", np.shape(ci_kg_per_mwh))
    drawn = p_mw > 0
    if not np.isfinite(ci_kg_per_mwh[drawn]).all():
        step = int(np.flatnonzero(drawn & ~np.isfinite(ci_kg_per_mwh))[0])
        raise InputError.single("ci_kg_per_mwh", f"must be finite where power is drawn; at step {step} it is not")
    return float((p_mw[drawn] * ci_kg_per_mwh[drawn]).sum() * facility.step_hours)
