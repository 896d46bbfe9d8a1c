"""The carbon statement of one consumer: its footprint of electricity, to be passed on to its own customers.

A statement is a JSON document (schema in ``statement.schema.json``) with the hours in a CSV file beside it. It carries
its formulae, factors and sources, and a SHA-256 over everything else in it, so that a receiver can tell that nothing
was changed.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np

from carbon.reporting.cfe import cfe_score
from carbon.reporting.claims import claimed_twice, claims_of
from carbon.reporting.scope2 import Contract, Scope2
from grid.arrays import Floats
from grid.errors import Fault, InputError, raise_if_any
from grid.files.content import read_text
from grid.files.output import output_faults, written_whole
from grid.time.clock import Clock

VERSION: Final = 1
HOURS_FILE: Final = (
    *("start_utc", "energy_mwh", "location_kg", "market_kg", "contracted_mwh", "carbon_free_share"),
    *("returned_mwh", "returned_kg", "on_site_mwh"),
)
TOLERANCE_KG: Final = 1e-6
FORMULAE: Final = {
    "location_based_kg": "traced carbon of the power at the consumer's buses, in steps in which it takes energy_mwh",
    "on_site_mwh": "sum over steps of min(use, generation on the site); energy_mwh is the rest of the use",
    "market_based_kg": "sum over contracts of covered energy x rate, plus the rest x supplier, residual mix or grid",
    "location_based_net_kg": "location_based_kg - returned_kg: what is fed back counts for whoever receives it",
    "cfe_24_7": "sum over steps of [min(L, C) + (L - min(L, C)) g] / sum of L (Google 2021)",
}


@dataclass(frozen=True)
class Provenance:
    """Where the figures of a run come from.

    Args:
        scenario: Name of the scenario.
        scenario_sha256: Hash of its canonical form.
        code_version: Version of gridcarbon.
        convention: How carbon is traced.
        boundary: ``direct`` or ``lifecycle``.
        factor_sets: Sets of emission factors, each with name, issuer, source and status.
        data_licences: Licences of the data.
        basis: What the figures rest on: what imports are made of, weather, gases counted, and in words what was
            calibrated and what was not verified.
    """

    scenario: str
    scenario_sha256: str
    code_version: str
    convention: str
    boundary: str
    factor_sets: tuple[Mapping[str, str], ...]
    data_licences: tuple[str, ...]
    basis: Mapping[str, str | Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Overlap:
    """Statements of which parts are the same electricity, so that they must not be added.

    Args:
        part_of: GPC line that holds all of this consumer; None if there is none.
        contains: Consumers that are in this line and have statements of their own.
    """

    part_of: str | None = None
    contains: tuple[str, ...] = ()


def statement_document(
    result: Scope2,
    carbon_free_mwh: Floats,
    clock: Clock,
    provenance: Provenance,
    overlap: Overlap | None = None,
    contracts: Sequence[Contract] = (),
) -> dict[str, Any]:
    """The statement of a consumer, as a JSON document with its checksum.

    Args:
        result: Its scope 2.
        carbon_free_mwh: Carbon-free energy under hourly contract, shape (T,) [MWh].
        clock: The time axis.
        provenance: Where the figures come from.
        overlap: What it must not be added to; nothing by default.
        contracts: Contracts, of which those of the consumer are stated with what they claim.
    """
    shared = overlap or Overlap()
    consumer = result.consumer
    energy = float(consumer.energy_mwh.sum())
    score = cfe_score(consumer.energy_mwh, carbon_free_mwh, consumer.carbon_free_share) if energy > 0 else None
    body: dict[str, Any] = {
        "schema": "gridcarbon/statement",
        "version": VERSION,
        "consumer": consumer.name,
        "region": consumer.region,
        "period": {"start_utc": clock.start.isoformat(), "stop_utc": clock.stop.isoformat(), "steps": clock.n_steps},
        "energy_mwh": energy,
        "location_based_kg": float(result.location_kg.sum()),
        "market_based_kg": float(result.market_kg.sum()),
        "on_site_mwh": float(consumer.on_site_mwh.sum()),
        "returned_mwh": float(consumer.returned_mwh.sum()),
        "returned_kg": float(consumer.returned_kg.sum()),
        "location_based_net_kg": float(result.location_kg.sum() - consumer.returned_kg.sum()),
        "location_based_kg_per_mwh": _per(result.location_kg.sum(), energy),
        "market_based_kg_per_mwh": _per(result.market_kg.sum(), energy),
        "rest_of_load": result.rest,
        "contracts": {name: float(covered.sum()) for name, covered in result.covered_mwh.items()},
        "contracts_refused": dict(result.refused),
        "claims": claims_of(contracts, consumer.name),
        "cfe_24_7": None if score is None else score.hourly,
        "cfe_grid": None if score is None else score.grid,
        "overlap": {"part_of": shared.part_of, "contains": list(shared.contains)},
        "months": _months(result, clock),
        "hours_sha256": hashlib.sha256(hours_csv(result, clock).encode()).hexdigest(),
        "formulae": dict(FORMULAE),
        "provenance": _provenance(provenance),
    }
    return {**body, "sha256": _checksum(body)}


def _provenance(provenance: Provenance) -> dict[str, Any]:
    return {
        "scenario": provenance.scenario,
        "scenario_sha256": provenance.scenario_sha256,
        "code_version": provenance.code_version,
        "convention": provenance.convention,
        "boundary": provenance.boundary,
        "factor_sets": [dict(factor_set) for factor_set in provenance.factor_sets],
        "data_licences": list(provenance.data_licences),
        "basis": {key: text if isinstance(text, str) else list(text) for key, text in provenance.basis.items()},
    }


def hours_csv(result: Scope2, clock: Clock) -> str:
    """The steps of a statement as CSV, columns as in `HOURS_FILE`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HOURS_FILE)
    times = np.datetime_as_string(clock.times, unit="m")
    columns = (
        result.consumer.energy_mwh, result.location_kg, result.market_kg, result.contracted_mwh,
        result.consumer.carbon_free_share, result.consumer.returned_mwh, result.consumer.returned_kg,
        result.consumer.on_site_mwh,
    )  # fmt: skip
    for time, *values in zip(times, *columns, strict=True):
        writer.writerow([f"{time}Z", *(repr(float(value)) for value in values)])
    return text.getvalue()


def statement_schema() -> dict[str, Any]:
    """The JSON Schema of a statement."""
    loaded: dict[str, Any] = json.loads(
        (resources.files("carbon.reporting") / "statement.schema.json").read_text("utf-8")
    )
    return loaded


def write_statement(document: Mapping[str, Any], hours: str, path: Path) -> tuple[Path, Path]:
    """Writes a statement and its hours beside it; returns both paths.

    Raises:
        InputError: If the path is not a ``.json`` in an existing folder, it cannot be written, or a statement of
            another consumer beside it claims what one of its contracts does for the same time.
    """
    check_statement_file(path)
    raise_if_any(claimed_twice(document, path), "the statement")
    beside = path.with_suffix(".csv")
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    for file, content in ((path, text), (beside, hours)):
        with written_whole(file, "FILE") as draft:
            draft.write_text(content, encoding="utf-8")
    return path, beside


def check_statement_file(path: Path) -> None:
    """Looks whether a statement and its hours can be written.

    Raises:
        InputError: If one of them cannot.
    """
    faults = output_faults(path, (".json",), "FILE")
    faults += output_faults(path.with_suffix(".csv"), (".csv",), "FILE") if path.suffix == ".json" else []
    raise_if_any(dict.fromkeys(faults), "the statement")


def verify_statement(path: Path) -> dict[str, Any]:
    """The statement in a file, after checking that it is whole and adds up.

    Raises:
        InputError: If it cannot be read, was changed since it was written, lacks its hours, or does not add up.
    """
    try:
        document: dict[str, Any] = json.loads(read_text(path))
        hours = read_text(path.with_suffix(".csv"))
    except (ValueError, RecursionError) as error:  # an `InputError` is a ValueError
        raise InputError.single(str(path), f"cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise InputError.single(str(path), "must be a JSON object with the fields of a statement")
    raise_if_any(_faults(document, hours), str(path))
    return document


def _faults(document: Mapping[str, Any], hours: str) -> list[Fault]:
    missing = [Fault(name, "is missing") for name in statement_schema()["required"] if name not in document]
    if missing:
        return missing
    faults = []
    body = {name: value for name, value in document.items() if name != "sha256"}
    if _checksum(body) != document["sha256"]:
        faults.append(Fault("sha256", "does not match: the statement was changed"))
    if hashlib.sha256(hours.encode()).hexdigest() != document["hours_sha256"]:
        faults.append(Fault("hours_sha256", "does not match: the hours were changed"))
    return faults or _sum_faults(document, hours)


def _sum_faults(document: Mapping[str, Any], hours: str) -> list[Fault]:
    """Totals that are not the sums of the hours."""
    faults = []
    rows = list(csv.DictReader(io.StringIO(hours)))
    for name, column in (("location_based_kg", "location_kg"), ("market_based_kg", "market_kg"),
                         ("energy_mwh", "energy_mwh"), ("returned_mwh", "returned_mwh"),
                         ("returned_kg", "returned_kg"), ("on_site_mwh", "on_site_mwh")):  # fmt: skip
        try:
            total, stated = sum(float(row[column]) for row in rows), float(document[name])
        except (KeyError, TypeError, ValueError):
            faults.append(Fault(name, f"or column {column} of the hours is no number", document[name]))
            continue
        if not abs(total - stated) <= TOLERANCE_KG + 1e-9 * abs(total):
            faults.append(Fault(name, f"is not the sum of the hours, {total:g}", stated))
    return faults


def _months(result: Scope2, clock: Clock) -> Sequence[dict[str, Any]]:
    months = clock.times.astype("datetime64[M]")
    return [
        {
            "month": str(month),
            "energy_mwh": float(result.consumer.energy_mwh[months == month].sum()),
            "location_based_kg": float(result.location_kg[months == month].sum()),
            "market_based_kg": float(result.market_kg[months == month].sum()),
        }
        for month in np.unique(months)
    ]


def _per(kg: float, mwh: float) -> float | None:
    return float(kg) / mwh if mwh > 0 else None


def _checksum(body: Mapping[str, Any]) -> str:
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
