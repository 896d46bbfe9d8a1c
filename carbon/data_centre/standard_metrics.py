"""The key performance indicators of ISO/IEC 30134, of a run and of every step, each with what it divides by what.

Every number says its numerator, its denominator and the part of the standard it follows: per IT energy or per facility
energy is the usual confusion. Titles of parts and editions are those of the standards' catalogue; the text of the
standards was not read (unverified).

References:
    ISO/IEC 30134-2:2016 (PUE), -3:2016 (REF), -5:2017 (ITEUsv), -6:2021 (ERF), -7:2023 (CER), -8:2022 (CUE), -9:2022
    (WUE).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from carbon.data_centre.facility import P_IDLE_MW, Facility
from carbon.data_centre.on_site import GeneratorTests
from grid.arrays import Floats, read_only
from grid.errors import Fault, InputError, raise_if_any
from grid.units import KWH_PER_MWH

IT = "IT energy"
FACILITY = "facility energy"
_RENEWABLE = "renewable energy owned and used, without what its site makes beyond its need"
_WATER = "water made up on site"
_NOT_STANDARDISED = ("not standardised", "")


@dataclass(frozen=True)
class FacilityTotals:
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


@dataclass(frozen=True)
class Metric:
    """One indicator over a run.

    Args:
        value: Its value; None where its denominator is 0 or what it needs is not known.
        unit: Its unit.
        numerator: What is divided.
        denominator: By what; empty for a sum.
        standard: The standard, or ``not standardised``.
        edition: Its edition.
    """

    value: float | None
    unit: str
    numerator: str
    denominator: str
    standard: str
    edition: str


@dataclass(frozen=True, eq=False)
class MetricSeries:
    """One indicator in every step.

    Args:
        values: Shape (T,); NaN where the denominator is 0.
        unit: Its unit.
        numerator: What is divided.
        denominator: By what.
    """

    values: Floats
    unit: str
    numerator: str
    denominator: str


@dataclass(frozen=True, eq=False)
class MetricInputs:
    """What the metrics need that is not in the facility's power and water; all optional.

    Args:
        ci_kg_per_mwh: Traced intensity of the power at its bus, shape (T,) [kg/MWh].
        renewable_share: Traced renewable share of that power, shape (T,), 0 to 1 [1].
        owned_renewable_mwh: Renewable energy that it owns and uses [MWh]: by contracts and certificates that it
            retires, or made on its site, as far as it takes that itself and sells no certificates of it.
        reused_mwh: Heat that someone outside uses [MWh].
        cpu_utilisation: Of the processors, shape (T,), 0 to 1 [1].
        tests: What the emergency generators' tests burn.
    """

    ci_kg_per_mwh: Floats | None = None
    renewable_share: Floats | None = None
    owned_renewable_mwh: float | None = None
    reused_mwh: float | None = None
    cpu_utilisation: Floats | None = None
    tests: GeneratorTests | None = None


def facility_totals(facility: Facility, ci_kg_per_mwh: Floats | None = None) -> FacilityTotals:
    """Sums of a run and their ratios (the mean of the steps' PUE is not the run's PUE).

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
    it_energy_kwh = it_energy_mwh * KWH_PER_MWH
    return FacilityTotals(
        energy_mwh,
        it_energy_mwh,
        water_l,
        emissions_kg,
        pue=_ratio(energy_mwh, it_energy_mwh),
        wue_l_per_kwh=_ratio(water_l, it_energy_kwh),
        cue_kg_per_kwh=_ratio(emissions_kg, it_energy_kwh),
    )


def run_metrics(facility: Facility, inputs: MetricInputs | None = None) -> dict[str, Metric]:
    """The indicators of a run, as ratios of sums.

    Args:
        facility: Power and water of T steps.
        inputs: What else is known.

    Returns:
        Metrics by name: ``pue``, ``ppue_cooling``, ``ppue_power_chain``, ``ppue_lighting``, ``wue``, ``cue``, ``ref``,
        ``renewable_share_traced``, ``erf``, ``ere``, ``cer``, ``iteu_sv``, ``energy``, ``it_energy``, ``water``,
        ``emissions``.

    Raises:
        InputError: If a series has not one value a step, or energies are negative.
    """
    inputs = inputs or MetricInputs()
    _check(facility, inputs)
    totals = facility_totals(facility, inputs.ci_kg_per_mwh)
    return {
        **_power_metrics(facility, totals),
        **_carbon_metrics(facility, totals, inputs),
        **_reuse_metrics(totals, inputs),
        "energy": Metric(totals.energy_mwh, "MWh", FACILITY, "", *_NOT_STANDARDISED),
        "it_energy": Metric(totals.it_energy_mwh, "MWh", IT, "", *_NOT_STANDARDISED),
        "water": Metric(totals.water_l, "L", _WATER, "", *_NOT_STANDARDISED),
    }


def step_metrics(facility: Facility, inputs: MetricInputs | None = None) -> dict[str, MetricSeries]:
    """The indicators in every step: ``pue``, ``wue``, ``cer`` and, where the intensity is known, ``cue``.

    Args:
        facility: Power and water of T steps.
        inputs: What else is known; only the intensity counts.

    Raises:
        InputError: As `run_metrics`.
    """
    inputs = inputs or MetricInputs()
    _check(facility, inputs)
    p_it = np.where(facility.p_it_mw >= P_IDLE_MW, facility.p_it_mw, np.nan)
    p_cooling = np.where(facility.p_cooling_mw > 0, facility.p_cooling_mw, np.nan)
    it_kwh = p_it * facility.step_hours * KWH_PER_MWH
    found = {
        "pue": MetricSeries(facility.pue, "1", FACILITY, IT),
        "wue": MetricSeries(read_only(facility.water_l / it_kwh), "L/kWh", _WATER, IT),
        "cer": MetricSeries(read_only(facility.heat_mw / p_cooling), "1", "heat removed", "cooling energy"),
    }
    if inputs.ci_kg_per_mwh is not None:
        cue = facility.pue * inputs.ci_kg_per_mwh / KWH_PER_MWH
        found["cue"] = MetricSeries(read_only(cue), "kg/kWh", "emissions of its energy, traced at its bus", IT)
    return found


def _power_metrics(facility: Facility, totals: FacilityTotals) -> dict[str, Metric]:
    """PUE, its parts, water and the efficiency of the cooling."""
    cer = _ratio(float(facility.heat_mw.sum()), float(facility.p_cooling_mw.sum()))
    return {
        "pue": Metric(totals.pue, "1", FACILITY, IT + " at the servers (category 3)", "ISO/IEC 30134-2", "2016"),
        **_partial(facility, totals.it_energy_mwh),
        "wue": Metric(totals.wue_l_per_kwh, "L/kWh", _WATER, IT, "ISO/IEC 30134-9", "2022"),
        "cer": Metric(cer, "1", "heat removed", "cooling energy", "ISO/IEC 30134-7", "2023"),
    }


def _carbon_metrics(facility: Facility, totals: FacilityTotals, inputs: MetricInputs) -> dict[str, Metric]:
    """Emissions per IT energy, and renewable shares: owned, and traced at its bus."""
    burnt_kg = 0.0 if inputs.tests is None else inputs.tests.emissions_kg
    emissions_kg = None if totals.emissions_kg is None else totals.emissions_kg + burnt_kg
    cue = _ratio(emissions_kg, totals.it_energy_mwh * KWH_PER_MWH)
    ref = _ratio(inputs.owned_renewable_mwh, totals.energy_mwh)
    traced = _traced_share(facility, inputs.renewable_share)
    emissions = "emissions of its energy, traced at its bus, and of the diesel of tests"
    return {
        "cue": Metric(cue, "kg/kWh", emissions, IT, "ISO/IEC 30134-8", "2022"),
        "ref": Metric(ref, "1", _RENEWABLE, FACILITY, "ISO/IEC 30134-3", "2016"),
        "renewable_share_traced": Metric(
            traced, "1", "renewable energy traced at its bus", FACILITY, *_NOT_STANDARDISED
        ),
        "emissions": Metric(
            emissions_kg, "kg", "emissions of its energy and of the diesel of tests", "", *_NOT_STANDARDISED
        ),
    }


def _reuse_metrics(totals: FacilityTotals, inputs: MetricInputs) -> dict[str, Metric]:
    """Heat reused outside, and the utilisation of the processors."""
    erf = _ratio(inputs.reused_mwh, totals.energy_mwh)
    ere = None if erf is None or totals.pue is None else totals.pue * (1.0 - erf)
    used = None if inputs.cpu_utilisation is None else float(inputs.cpu_utilisation.mean())
    return {
        "erf": Metric(erf, "1", "energy reused outside", FACILITY, "ISO/IEC 30134-6", "2021"),
        "ere": Metric(ere, "1", FACILITY + " less energy reused outside", IT, "ISO/IEC 30134-6", "2021"),
        "iteu_sv": Metric(used, "1", "utilisation of the processors, mean", "time", "ISO/IEC 30134-5", "2017"),
    }


def _partial(facility: Facility, it_energy_mwh: float) -> dict[str, Metric]:
    """Partial PUE of each part of the infrastructure: IT and that part, per IT; their excesses over 1 add up."""
    hours, lighting = facility.step_hours, facility.p_lighting_mw * facility.p_it_mw.size
    parts = {
        "cooling": float(facility.p_cooling_mw.sum()),
        "power_chain": float(facility.p_power_chain_mw.sum()) - lighting,
        "lighting": lighting,
    }
    return {
        f"ppue_{name}": Metric(
            _ratio(it_energy_mwh + part * hours, it_energy_mwh), "1", f"IT and {name.replace('_', ' ')} energy", IT,
            "ISO/IEC 30134-2 (partial PUE)", "2016",
        )
        for name, part in parts.items()
    }  # fmt: skip


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


def _traced_share(facility: Facility, renewable_share: Floats | None) -> float | None:
    if renewable_share is None:
        return None
    drawn = facility.p_total_mw > 0
    renewable = float((facility.p_total_mw[drawn] * renewable_share[drawn]).sum())
    return _ratio(renewable, float(facility.p_total_mw.sum()))


def _ratio(part: float | None, whole: float) -> float | None:
    return None if part is None or whole == 0.0 else part / whole


def _check(facility: Facility, inputs: MetricInputs) -> None:
    shape = facility.p_it_mw.shape
    faults = [
        Fault(name, f"must have shape {shape}", np.shape(values))
        for name in ("ci_kg_per_mwh", "renewable_share", "cpu_utilisation")
        if (values := getattr(inputs, name)) is not None and np.shape(values) != shape
    ]
    faults += [
        Fault(name, "must not be negative", value)
        for name in ("owned_renewable_mwh", "reused_mwh")
        if (value := getattr(inputs, name)) is not None and value < 0
    ]
    raise_if_any(faults, "the metrics of a data centre")
