"""Rate sheets as people write them: what cannot be meant is refused once, what looks like another unit is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.scenario.tariffs import load_tariff, shipped_tariffs
from app.tariffs import Tariff, unit_doubts
from grid.errors import InputError

HEAD = "name: mine\ncurrency: EUR\nsources: [{title: x, status: unverified}]\n"
ENERGY = "energy: [{{name: e, periods: [{}]}}]\n"
ALWAYS = ENERGY.format("{name: all, price_per_mwh: 320}")


def read(folder: Path, text: str, encoding: str = "utf-8") -> Tariff:
    path = folder / "my contract.yaml"
    path.write_bytes((HEAD + text).encode(encoding))
    return load_tariff(str(path))


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (ALWAYS, "utf-8"), (ALWAYS, "utf-8-sig"), (ALWAYS, "utf-16"), (ALWAYS.replace("\n", "\r\n"), "utf-8"),
        (ENERGY.format("{name: n, times: {hours: [22:00-6:00]}, price_per_mwh: -2}, {name: d, price_per_mwh: 300}"),
         "utf-8"),
        (ENERGY.format("{name: all, price_per_mwh: 12, wholesale_share: 1}"), "utf-8"),
    ],
)  # fmt: skip
def test_right_rate_sheets_are_read_without_doubt(tmp_path: Path, text: str, encoding: str) -> None:
    assert not list(unit_doubts(read(tmp_path, text, encoding)))


@pytest.mark.parametrize(
    ("periods", "words"),
    [
        ("{name: all, price_per_mwh: 80 €}", "price_per_mwh: must be a number; got '80 €'; did you mean '80'?"),
        ("{name: all, price_per_mwh: '320,5'}", "must be a number; got '320,5'; did you mean '320.5'?"),
        ("{name: all, price_per_mwh: 32 ct/kWh}", "must be a number; got '32 ct/kWh'"),
        ("{name: all, price_per_kwh: 0.3}", "price_per_kwh: unknown key; did you mean 'price_per_mwh'?"),
        ("{name: all, price_per_mwh: 200}, {name: peak, times: {hours: [17:00-20:00]}, price_per_mwh: 400}",
         "the first period that holds counts, and before 'peak' others hold at all times: put special hours first"),
        ("{name: day, times: {hours: [06:00-22:00]}, price_per_mwh: 2}", "has no price on monday 00:00 in month 1"),
        ("{name: day, times: {hours: [06:00-06:00]}, price_per_mwh: 200}", "must not end as they begin"),
        ("{name: day, times: {hours: [6-22]}, price_per_mwh: 200}", "must be hours of a day such as 07:00-11:00"),
        ("{name: w, times: {months: [1, 13]}, price_per_mwh: 1}", "months[1]: must be at most 12; got 13"),
        ("", "periods: must have at least 1"),
    ],
)  # fmt: skip
def test_a_faulty_rate_sheet_has_one_fault_with_its_line(tmp_path: Path, periods: str, words: str) -> None:
    with pytest.raises(InputError) as error:
        read(tmp_path, ENERGY.format(periods))
    assert words in str(error.value)
    assert [fault.line for fault in error.value.faults] == [4]


def test_export_prices_that_never_hold_are_refused(tmp_path: Path) -> None:
    export = "export: [{name: all, price_per_mwh: 80}, {name: noon, times: {hours: [10:00-12:00]}, price_per_mwh: 2}]\n"
    with pytest.raises(InputError, match="export: the first period that holds counts, and before 'noon'"):
        read(tmp_path, ALWAYS + export)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ENERGY.format("{name: all, price_per_mwh: 32}"), "at most 32 EUR/MWh: are its prices per kWh?"),
        (ENERGY.format("{name: all, price_per_mwh: 0.32}"), "1 per kWh is 1000 per MWh"),
        (ALWAYS + "demand: [{name: peak, price_per_mw_month: 8.3}]\n", "8.3 EUR/MW a month: is it per kW?"),
        (ALWAYS + "percentages: [{name: VAT, percent: 0.19}]\n", "VAT is 0.19 %: is it a share? 19 %"),
    ],
)
def test_what_looks_like_another_unit_is_told(tmp_path: Path, text: str, words: str) -> None:
    (doubt,) = unit_doubts(read(tmp_path, text))
    assert words in doubt


@pytest.mark.parametrize("name", sorted(shipped_tariffs()))
def test_shipped_rate_sheets_are_not_doubted(name: str) -> None:
    assert not list(unit_doubts(load_tariff(name)))


def test_a_required_key_that_is_misspelt_is_one_fault(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(HEAD.replace("currency", "curency").replace("status", "stauts") + ALWAYS)
    with pytest.raises(InputError) as error:
        load_tariff(str(path))
    assert sorted(fault.suggestion or "" for fault in error.value.faults) == ["currency", "status"]
    assert all(fault.rule == "unknown key" for fault in error.value.faults)
