"""Every column of every table on every page has an account: formula, inputs, unit, whether factors are in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from dash.development.base_component import Component

from app.dashboard.comparing import band_card
from app.dashboard.data_centres import behind
from app.dashboard.grid_map.hosting import card as hosting_card
from app.dashboard.pages import PAGES
from app.dashboard.view import View
from app.dashboard.why.behind import Behind, read_behind
from app.dashboard.why.column_accounts import column_accounts, rests_on_factors
from app.dashboard.why.tables import KEPT
from app.dashboard.why.tables_of.halls import OF_RUN, OF_YEAR
from app.dashboard.why.tables_of.vehicles import AVOIDED
from app.results.folder import Result
from grid.errors import InputError

OWN_SOURCES = {"/about"}
"""Pages whose tables are sources themselves."""


def held(content: Any) -> Iterator[Component]:
    """Components of a page that have children in common: itself and all that it holds."""
    if isinstance(content, list | tuple):
        for one in content:
            yield from held(one)
    elif isinstance(content, Component):
        yield content
        yield from held(getattr(content, "children", None))


def attribute(component: Component, name: str) -> str:
    return str(component.to_plotly_json()["props"].get(name) or "")


def headings_of(card: Component) -> set[str]:
    """Headings of all tables in a card, also of those that are fetched when they are opened."""
    found = set()
    for one in held(card):
        if one._type == "Th" and attribute(one, "scope") == "col":
            found.add(str(one.children or ""))
        elif one._type == "AgGrid":
            found |= {column["headerName"] for column in one.columnDefs}
        elif one._type == "Summary" and isinstance(getattr(one, "id", None), dict):
            table = KEPT.find(one.id["key"])
            assert table is not None
            found |= set(table.frame.columns)
    return found


def behind_of(card: Component) -> Behind | None:
    carried = [attribute(one, "data-behind") for one in held(card) if one._type == "Button"]
    return next((read_behind(text) for text in carried if text), None)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_every_column_says_how_it_is_made(page: Any, three_results: dict[str, Result]) -> None:
    content = page.make(View.of(three_results, {"search": "?result=v2g&baseline=unmanaged&with=smart"}))
    lacking, tables = {}, 0
    for card in (one for one in held(content) if one._type == "Section"):
        headings, made_from = headings_of(card), behind_of(card)
        tables += bool(headings)
        said = {heading for heading, formula in made_from.headings if formula} if made_from else set()
        if headings - said:
            lacking[attribute(card, "aria-label") or attribute(card, "id")] = sorted(headings - said)
    assert lacking == {} or page.path in OWN_SOURCES
    assert tables or page.path in {"/build", "/hydrogen", "/operations", *OWN_SOURCES}


def test_an_account_names_inputs_units_and_whether_factors_are_in_it() -> None:
    made_from = Behind(("sectors",), (), "").of_columns({"Energy [MWh]": "SUM(energy_mwh)",
                                                      "Emissions [t]": "SUM(emissions_kg) / 1000",
                                                      "Peak": "peak_import_mw", "Sector": "`gpc_code`"})  # fmt: skip
    energy, emissions, peak, sector = map(str, column_accounts(made_from, 7).children)
    assert "sectors.energy_mwh" in energy
    assert "[MWh]" in energy
    assert "No emission factor is in it." in energy
    assert "emission factors that the run used: 7" in emissions
    assert "SELECT" in peak  # a key figure brings its own formula
    assert "sectors.gpc_code" in sector
    assert read_behind(made_from.as_json()) == made_from


@pytest.mark.parametrize(
    ("heading", "formula", "expected"),
    [("CUE [kg/kWh]", "intensity * PUE", True), ("PUE [1]", "facility / IT", False), ("Carbon [t/year]", "sum", True),
     ("Refuelled [kg]", "refuelled_kg", False), ("Emissions [kg]", "emissions_kg", True)],
)  # fmt: skip
def test_what_rests_on_emission_factors(heading: str, formula: str, *, expected: bool) -> None:
    assert rests_on_factors(heading, formula, ("hydrogen",)) is expected


def test_a_formula_cannot_name_what_is_not_there() -> None:
    with pytest.raises(InputError, match="did you mean 'energy_mwh'"):
        Behind(("sectors",), (), "").of_columns({"Energy [MWh]": "SUM(enrgy_mwh)"})


def test_cards_that_only_some_results_have_can_be_made() -> None:
    made = (behind.of_shift(), behind.of_site(), behind.of_bus(), behind.of_hosting(), behind.of_origins(""),
            hosting_card.of_hosting(), band_card.BEHIND)  # fmt: skip
    assert all(one.how for one in made)
    for heading, formula in (OF_RUN | OF_YEAR | AVOIDED).items():
        known = Behind(("data_centres", "buses", "nodal", "v2g_credit"), (), "").of_columns({heading: formula})
        assert known.headings == ((heading, formula),)
