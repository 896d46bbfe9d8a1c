"""Exports of SMARD (Germany) and of RTE's éCO2mix (France), as their pages hand them out.

SMARD writes the energy of each interval in MWh, ``-`` where nothing is published, in local time, in German or in
English, with the beginning in one column or in two (``Datum``, ``Anfang``). éCO2mix writes quarters of an hour in
which only the halves hold generation, in local time (``Heures``) or with an offset (``Date et Heure``), a tab at the
end of each row and a disclaimer below the last. Names of columns are unverified.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from carbon.factors import Boundary
from carbon.upstream.readers.layout import Layout, left_out_why
from grid.files.text_table import TextTable
from grid.time.zones import Zone

_BERLIN: Final = Zone("Europe/Berlin")
_PARIS: Final = Zone("Europe/Paris")
BEGIN: Final = "·begin"
"""Column that is made of one of dates and one of times of day."""
_DAY_AND_TIME: Final = (
    ("Datum", "Anfang"), ("Date", "Start"), ("Datum", "Uhrzeit"), ("Date", "Time of day"), ("Date", "Heures"),
    ("Date", "Heure"), ("date", "heure"),
)  # fmt: skip
_WHOLE_TIME: Final = ("Date et Heure", "Date - Heure", "date_heure")
_SMARD_TIMES: Final = ("Datum von", "Start date", BEGIN)
_SMARD_COLUMN: Final = re.compile(r"(.+?)\s*\[(MWh|€/MWh)\](?:\s.*)?")
_SMARD_TYPES: Final = {
    "biomasse": "biomass", "biomass": "biomass", "wasserkraft": "hydro", "hydropower": "hydro",
    "wind offshore": "wind_offshore", "wind onshore": "wind_onshore", "photovoltaik": "solar",
    "photovoltaics": "solar", "sonstige erneuerbare": "biomass", "other renewable": "biomass",
    "kernenergie": "nuclear", "nuclear": "nuclear", "braunkohle": "lignite", "lignite": "lignite",
    "steinkohle": "hard_coal", "hard coal": "hard_coal", "erdgas": "gas", "fossil gas": "gas", "natural gas": "gas",
    "sonstige konventionelle": "other", "other conventional": "other",
}  # fmt: skip
_SMARD_STORES: Final = ("pumpspeicher", "hydro pumped storage", "pumped storage")
_SMARD_REQUIRED: Final = ("lignite", "hard_coal", "gas", "biomass", "hydro", "solar", "wind_onshore")
_SMARD_PRICES: Final = (
    "deutschland/luxemburg", "germany/luxembourg", "deutschland/österreich/luxemburg", "germany/austria/luxembourg"
)  # fmt: skip
_RTE_TYPES: Final = {
    "fioul": "oil", "charbon": "hard_coal", "gaz": "gas", "nucleaire": "nuclear", "eolien": "wind_onshore",
    "solaire": "solar", "hydraulique": "hydro", "bioenergies": "biomass",
}  # fmt: skip
_RTE_LEFT_OUT: Final = ("thermique", "destockage batterie")
_RTE_RATE: Final = "taux de co2"
_RTE_ZONES: Final = ("perimetre", "region")


def with_one_time(table: TextTable) -> TextTable:
    """The table with one column of times, `BEGIN`, where its dates and times of day stand in two columns."""
    if set(table.names) & {*_WHOLE_TIME, "Datum von", "Start date", "time_utc"}:
        return table
    pair = next((pair for pair in _DAY_AND_TIME if set(pair) <= set(table.names)), None)
    if pair is None:
        return table
    day, time = (pl.col(name) for name in pair)
    return replace(table, cells=table.cells.with_columns((day + " " + time).str.strip_chars().alias(BEGIN)))


def smard(columns: Sequence[str], boundary: Boundary) -> Layout | None:  # noqa: ARG001  one signature for all
    """The layout of a file of SMARD: generation, or wholesale prices."""
    time = next((name for name in columns if name in _SMARD_TIMES), None)
    found = {name: match for name in columns if (match := _SMARD_COLUMN.fullmatch(name))}
    if time is None or not found:
        return None
    energies = {name: match[1].casefold() for name, match in found.items() if match[2] == "MWh"}
    forecast = any(kind in {"gesamt", "total", "photovoltaik und wind"} for kind in energies.values())
    generation = {name: _SMARD_TYPES[kind] for name, kind in energies.items() if kind in _SMARD_TYPES and not forecast}
    stores = [name for name, kind in energies.items() if kind in _SMARD_STORES]
    prices = {match[1].casefold(): name for name, match in found.items() if match[2] != "MWh"}
    one = [name for kind, name in prices.items() if not kind.startswith("∅")]
    price = next((prices[kind] for kind in _SMARD_PRICES if kind in prices), one[0] if len(one) == 1 else None)
    return Layout(
        "SMARD", time, _BERLIN, {"price_per_mwh": (price, 1.0)} if price else {}, generation,
        left_out=left_out_why(stores) if generation else {}, energy=True, sparse=True, absent=("-", ""),
        required=_SMARD_REQUIRED, currency="EUR" if price else "",
        cure="put the file of wholesale prices beside it in one folder, and name the folder",
    )  # fmt: skip


def eco2mix(columns: Sequence[str], boundary: Boundary) -> Layout | None:
    """The layout of a file of éCO2mix: generation, and the intensity of what is generated (direct)."""
    plain = {_plain(name): name for name in reversed(columns)}
    time = next((name for name in columns if name in (*_WHOLE_TIME, BEGIN)), None)
    if time is None or "consommation" not in plain or not {"nucleaire", "thermique", "eolien"} & set(plain):
        return None
    rate = plain.get(_RTE_RATE, plain.get("taux co2"))
    values = {"ci_kg_per_mwh": (rate, 1.0)} if rate and boundary == "direct" else {}
    generation = {plain[kind]: technology for kind, technology in _RTE_TYPES.items() if kind in plain}
    return Layout(
        "éCO2mix", time, _PARIS, values, generation,
        single=tuple(plain[kind] for kind in _RTE_ZONES if kind in plain),
        left_out=left_out_why(plain[kind] for kind in _RTE_LEFT_OUT if kind in plain),
        sparse=True, any_order=time in _WHOLE_TIME, cure="add a column of this name, or put a file of prices beside it "
        "in one folder, and name the folder",
    )  # fmt: skip


def _plain(name: str) -> str:
    """The name of a column without accents, case, underscores and its unit."""
    without = "".join(letter for letter in unicodedata.normalize("NFKD", name) if not unicodedata.combining(letter))
    return re.sub(r"\s*\([^)]*\)\s*$", "", without.casefold().replace("_", " ")).strip()
