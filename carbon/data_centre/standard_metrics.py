"""The key performance indicators of ISO/IEC 30134, hour by hour and over a run, each with what it divides by what.

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
from carbon.data_centre.metrics import metrics
from carbon.data_centre.on_site import GeneratorTests
from grid.arrays import Floats, read_only
from grid.errors import Fault, raise_if_any
from grid.units import KWH_PER_MWH

IT = "IT energy"
FACILITY = "facility energy"


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
class Known:
    """What a facility alone does not know of itself; all optional.

    Args:
        ci_kg_per_mwh: Traced intensity of the power at its bus, shape (T,) [kg/MWh].
        renewable_share: Traced renewable share of that power, shape (T,) [1].
        owned_renewable_mwh: Renewable energy that it owns and uses: on-site, or by contract and certificate [MWh].
        reused_mwh: Heat that someone outside uses [MWh].
        cpu_utilisation: Of the processors, shape (T,) [1].
        tests: What the emergency generators' tests burn.
    """

    ci_kg_per_mwh: Floats | None = None
    renewable_share: Floats | None = None
    owned_renewable_mwh: float | None = None
    reused_mwh: float | None = None
    cpu_utilisation: Floats | None = None
    tests: GeneratorTests | None = None


_NOT_STANDARDISED = ("not standardised", "")


def standard_metrics(facility: Facility, known: Known | None = None) -> dict[str, Metric]:
    """The indicators of a run, as ratios of sums.

    Args:
        facility: Power and water of T steps.
        known: What else is known.

    Returns:
        Metrics by name: ``pue``, ``ppue_cooling``, ``ppue_power_chain``, ``ppue_lighting``, ``wue``, ``cue``, ``ref``,
        ``renewable_share_traced``, ``erf``, ``ere``, ``cer``, ``iteu_sv``, ``energy``, ``it_energy``, ``water``,
        ``emissions``.

    Raises:
        InputError: If a series has not one value a step, or energies are negative.
    """
    known = known or Known()
    _check(facility, known)
    sums = metrics(facility, None if known.ci_kg_per_mwh is None else known.ci_kg_per_mwh)
    burnt_kg = 0.0 if known.tests is None else known.tests.emissions_kg
    emissions_kg = None if sums.emissions_kg is None else sums.emissions_kg + burnt_kg
    it, total = sums.it_energy_mwh, sums.energy_mwh
    erf = _over(known.reused_mwh, total)
    pue = _over(total, it)
    return {
        "pue": Metric(pue, "1", FACILITY, IT + " at the servers (category 3)", "ISO/IEC 30134-2", "2016"),
        **_partial(facility, it),
        "wue": Metric(_over(sums.water_l, it * KWH_PER_MWH), "L/kWh", "water made up on site", IT,
                      "ISO/IEC 30134-9", "2022"),
        "cue": Metric(_over(emissions_kg, it * KWH_PER_MWH), "kg/kWh", "emissions of its energy, traced at its bus, "
                      "and of the diesel of tests", IT, "ISO/IEC 30134-8", "2022"),
        "ref": Metric(_over(known.owned_renewable_mwh, total), "1", "renewable energy owned and used", FACILITY,
                      "ISO/IEC 30134-3", "2016"),
        "renewable_share_traced": Metric(_traced_share(facility, known.renewable_share), "1",
                                         "renewable energy traced at its bus", FACILITY, *_NOT_STANDARDISED),
        "erf": Metric(erf, "1", "energy reused outside", FACILITY, "ISO/IEC 30134-6", "2021"),
        "ere": Metric(None if erf is None or pue is None else pue * (1.0 - erf), "1",
                      FACILITY + " less energy reused outside", IT, "ISO/IEC 30134-6", "2021"),
        "cer": Metric(_over(float(facility.heat_mw.sum()), float(facility.p_cooling_mw.sum())), "1", "heat removed",
                      "cooling energy", "ISO/IEC 30134-7", "2023"),
        "iteu_sv": Metric(None if known.cpu_utilisation is None else float(known.cpu_utilisation.mean()), "1",
                          "utilisation of the processors, mean", "time", "ISO/IEC 30134-5", "2017"),
        "energy": Metric(total, "MWh", FACILITY, "", *_NOT_STANDARDISED),
        "it_energy": Metric(it, "MWh", IT, "", *_NOT_STANDARDISED),
        "water": Metric(sums.water_l, "L", "water made up on site", "", *_NOT_STANDARDISED),
        "emissions": Metric(emissions_kg, "kg", "emissions of its energy and of the diesel of tests", "",
                            *_NOT_STANDARDISED),
    }  # fmt: skip


def metric_series(facility: Facility, known: Known | None = None) -> dict[str, MetricSeries]:
    """The indicators in every step: ``pue``, ``wue``, ``cer`` and, where the intensity is known, ``cue``."""
    known = known or Known()
    _check(facility, known)
    p_it = np.where(facility.p_it_mw >= P_IDLE_MW, facility.p_it_mw, np.nan)
    p_cooling = np.where(facility.p_cooling_mw > 0, facility.p_cooling_mw, np.nan)
    it_kwh = p_it * facility.step_hours * KWH_PER_MWH
    found = {
        "pue": MetricSeries(facility.pue, "1", FACILITY, IT),
        "wue": MetricSeries(read_only(facility.water_l / it_kwh), "L/kWh", "water made up on site", IT),
        "cer": MetricSeries(read_only(facility.heat_mw / p_cooling), "1", "heat removed", "cooling energy"),
    }
    if known.ci_kg_per_mwh is not None:
        cue = facility.pue * known.ci_kg_per_mwh / KWH_PER_MWH
        found["cue"] = MetricSeries(read_only(cue), "kg/kWh", "emissions of its energy, traced at its bus", IT)
    return found


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
            _over(it_energy_mwh + part * hours, it_energy_mwh), "1", f"IT and {name.replace('_', ' ')} energy", IT,
            "ISO/IEC 30134-2 (partial PUE)", "2016",
        )
        for name, part in parts.items()
    }  # fmt: skip


def _traced_share(facility: Facility, renewable_share: Floats | None) -> float | None:
    if renewable_share is None:
        return None
    drawn = facility.p_total_mw > 0
    renewable = float((facility.p_total_mw[drawn] * renewable_share[drawn]).sum())
    return _over(renewable, float(facility.p_total_mw.sum()))


def _over(part: float | None, whole: float) -> float | None:
    return None if part is None or whole == 0.0 else part / whole


def _check(facility: Facility, known: Known) -> None:
    shape = facility.p_it_mw.shape
    faults = [
        Fault(name, f"must have shape {shape}", np.shape(values))
        for name in ("ci_kg_per_mwh", "renewable_share", "cpu_utilisation")
        if (values := getattr(known, name)) is not None and np.shape(values) != shape
    ]
    faults += [
        Fault(name, "must not be negative", value)
        for name in ("owned_renewable_mwh", "reused_mwh")
        if (value := getattr(known, name)) is not None and value < 0
    ]
    raise_if_any(faults, "the metrics of a data centre")
