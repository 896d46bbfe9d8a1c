"""Parts of an account: tables and columns, emission factors, what was not checked, where the code and result are."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import polars as pl
from dash import html
from dash.development.base_component import Component

from app.dashboard.text import boundary_words, figure
from app.results.columns import DECLARED
from app.results.folder import Result
from app.studies.answers.certainty import UnverifiedInputs

_ADDRESS = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:)\]]")
_BYTES = ((1 << 20, "MB"), (1 << 10, "kB"), (1, "B"))


def section(title: str, *children: Component | str) -> Component:
    """A part of an account with its heading."""
    return html.Section([html.H3(title), *children])


def with_links(text: str) -> list[str | Component]:
    """A text whose web addresses are links; nothing is fetched before a reader follows one."""
    found: list[str | Component] = []
    end = 0
    for match in _ADDRESS.finditer(text):
        link = html.A(match[0], href=match[0], rel="noreferrer noopener", target="_blank")
        found += [text[end : match.start()], link]
        end = match.end()
    return [part for part in (*found, text[end:]) if part != ""]


def input_tables(result: Result, name: str, tables: Iterable[str], columns: Sequence[str] = ()) -> Component:
    """Tables of a result with their sizes, each to take away, and what their columns hold.

    Args:
        result: The result.
        name: What the dashboard calls it.
        tables: Names of tables.
        columns: Columns to explain.
    """
    tables = tuple(tables)
    if not tables:
        return html.P("No table of the run: it is computed from the scenario, when it is shown.")
    return html.Ul([html.Li(_input(result, name, table, columns)) for table in tables])


def _input(result: Result, name: str, table: str, columns: Sequence[str]) -> list[Component | str]:
    declared = DECLARED[table]
    rows = int(result.table(table).select(pl.len()).collect().item())
    size = (result.path / f"{table}.parquet").stat().st_size
    href = f"/download/{quote(name, safe='')}/{table}.csv"
    words = f": {figure(rows, 0)} rows, one a {declared.row}; {_size(size)} "
    explained = [(column, declared.columns[column]) for column in columns if column in declared.columns]
    facts = [html.Div([html.Code(column), f": {one.meaning}{f' [{one.unit}]' if one.unit else ''}"])
             for column, one in explained]  # fmt: skip
    return [html.Code(f"{table}.parquet"), words, html.A("CSV", href=href, download=""), *facts]


def _size(octets: int) -> str:
    scale, unit = next(((scale, unit) for scale, unit in _BYTES if octets >= scale), _BYTES[-1])
    return f"{figure(octets / scale, 0 if scale == 1 else 1)} {unit}"


def factor_rows(factors: Sequence[Mapping[str, Any]]) -> Component:
    """The emission factors that were used, those that nobody checked first."""
    if not factors:
        return html.P("No emission factor is in this.", className="muted")
    order = sorted(factors, key=lambda one: one.get("status") == "verified")
    return html.Ul([html.Li(_factor(one)) for one in order])


def _factor(one: Mapping[str, Any]) -> list[Component | str]:
    status = str(one.get("status", "unverified"))
    name = str(one.get("name") or one.get("technology")).replace("_", " ")
    value = f" {float(one['value_kg_per_mwh']):.5g} kg/MWh"
    about = [str(one[key]) for key in ("use", "year") if one.get(key)]
    about += [boundary_words(one["boundary"])] if one.get("boundary") else []
    derivation = [html.Div(str(one["derivation"]))] if one.get("derivation") else []
    source = html.Div(with_links(f"{one.get('issuer', '')}: {one.get('source', '')}".strip(": ")), className="muted")
    return [html.Strong(name), value, f" ({', '.join(about)}) " if about else " ",
            html.Span(status, className=f"badge {status}"), *derivation, source]  # fmt: skip


def unchecked(found: UnverifiedInputs) -> Component:
    """What of the inputs nobody has checked, by name."""
    if not found:
        return html.P("Every input was checked against its source.")
    names = ", ".join(str(one.get("name") or one.get("technology")).replace("_", " ") for one in found.factors)
    ranges = ", ".join(name.replace("_", " ") for name in found.ranges)
    lines: list[Any] = [f"Emission factors not checked: {names}."] if names else []
    lines += [f"Factors without a verified range: {ranges}."] if ranges else []
    lines += found.numbers
    if found.constants:
        rows = [html.Li([html.Code(path), f" = {value}"]) for path, value in found.constants]
        words = f"Constants of the scenario that are assumptions (unverified): {len(rows)}"
        lines.append(html.Details([html.Summary(words), html.Ul(rows)]))
    return html.Ul([html.Li(line) for line in lines])


def provenance(result: Result, command: str) -> Component:
    """Scenario, code and the command that gives the same again."""
    versions: Mapping[str, Any] = result.manifest.get("versions") or {}
    return html.Dl([
        html.Dt("Scenario"), html.Dd(str(result.manifest.get("name", ""))),
        html.Dt("Scenario hash"), html.Dd(html.Code(result.scenario_hash)),
        html.Dt("Code version"), html.Dd(f"gridcarbon {versions.get('gridcarbon', 'not recorded')}"),
        html.Dt("On the command line"), html.Dd(html.Code(command)),
    ])  # fmt: skip


def command_why(result: Result, key: str) -> str:
    """The command that says the same of a key figure."""
    return f"gridcarbon why {shlex.quote(str(result.path))} {shlex.quote(key)}"
