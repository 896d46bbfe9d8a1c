"""Columns of the tables that name their convention; docs/carbon_conventions.md says what they count."""

from __future__ import annotations

import polars as pl

_TIME, _NUMBER, _NAME = pl.Datetime("us", "UTC"), pl.Float64, pl.Categorical
_BOOK = {"convention": _NAME, "stores": _NAME}
LEDGER_TERMS = (
    *("source", "arriving", "consumption", "vehicle", "loss", "fuel", "standing", "export", "stock_change"),
)
"""Terms of a ledger that make up the books of a run."""
VIEWS = (
    *("production_mwh", "production_kg", "import_mwh", "import_kg", "consumption_mwh", "consumption_kg"),
    *("stores_mwh", "stores_kg", "loss_mwh", "loss_kg", "export_mwh", "export_kg", "ci_kg_per_mwh"),
)
"""What is said of the city, a sector and a bus."""
CONVENTION_TABLES: dict[str, dict[str, pl.DataType | type[pl.DataType]]] = {
    "conventions": {**_BOOK, "gpc_code": _NAME, "energy_mwh": _NUMBER, "emissions_kg": _NUMBER,
                    "ci_kg_per_mwh": _NUMBER},
    "convention_ledgers": {**_BOOK, "emissions_kg": _NUMBER, "production_kg": _NUMBER, "import_kg": _NUMBER,
                           **{f"{term}_kg": _NUMBER for term in LEDGER_TERMS}, "reverse_flow_mwh": _NUMBER,
                           "error_kg": _NUMBER},
    "loss_bearers": {**_BOOK, "bearer": _NAME, "lost_mwh": _NUMBER, "emissions_kg": _NUMBER},
    "views": {**_BOOK, "level": _NAME, "name": _NAME, **dict.fromkeys(VIEWS, _NUMBER)},
    "origins": {"convention": _NAME, "consumer": _NAME, "source": _NAME, "energy_mwh": _NUMBER,
                "emissions_kg": _NUMBER, "share": _NUMBER},
    "data_centre_origins": {"time": _TIME, "convention": _NAME, "name": _NAME, "source": _NAME,
                            "energy_mwh": _NUMBER, "emissions_kg": _NUMBER},
    "consumers": {"time": _TIME, "consumer": _NAME, "energy_mwh": _NUMBER, "carbon_free_mwh": _NUMBER,
                  "returned_mwh": _NUMBER},
    "consumer_carbon": {"time": _TIME, "convention": _NAME, "consumer": _NAME, "emissions_kg": _NUMBER,
                        "returned_kg": _NUMBER},
}  # fmt: skip
"""Columns of every table, as in `app.results.folder.TABLES`."""
