"""Exports of SMARD and éCO2mix as their pages hand them out, and folders of one file of a mix and one of prices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from carbon.upstream import upstream_from_csv
from grid.time.clock import Clock
from tests.carbon.upstream.readers.csv_series import HOUR, refused

TYPES = ("Biomasse", "Wasserkraft", "Wind Offshore", "Wind Onshore", "Photovoltaik", "Sonstige Erneuerbare",
         "Kernenergie", "Braunkohle", "Steinkohle", "Erdgas", "Pumpspeicher", "Sonstige Konventionelle")  # fmt: skip
MIX_MW = (4500, 1500, 3000, 12000, 0, 100, 0, 9000, 5000, 8000, 800, 1200)
BERLIN, PARIS = ZoneInfo("Europe/Berlin"), ZoneInfo("Europe/Paris")


def german(value: float) -> str:
    return f"{value:,.2f}".replace(",", " ").replace(".", ",").replace(" ", ".")


def english(value: float) -> str:
    return f"{value:,.2f}"


def smard_times(begin: datetime, step: timedelta) -> list[str]:
    return [f"{moment.astimezone(BERLIN):%d.%m.%Y %H:%M}" for moment in (begin, begin + step)]


def american_times(begin: datetime, step: timedelta) -> list[str]:
    return [f"{moment.astimezone(BERLIN):%b %d, %Y %I:%M %p}" for moment in (begin, begin + step)]


def split_times(begin: datetime, step: timedelta) -> list[str]:
    first, last = (moment.astimezone(BERLIN) for moment in (begin, begin + step))
    return [f"{first:%d.%m.%Y}", f"{first:%H:%M}", f"{last:%H:%M}"]


def begins(start: str, hours: int, minutes: int) -> list[datetime]:
    first = datetime.fromisoformat(start).replace(tzinfo=UTC)
    return [first + k * timedelta(minutes=minutes) for k in range(hours * 60 // minutes)]


def smard(start: str, hours: int = 72, minutes: int = 15, *, head: Sequence[str] = ("Datum von", "Datum bis"),
          times: Callable[[datetime, timedelta], list[str]] = smard_times,
          number: Callable[[float], str] = german) -> str:  # fmt: skip
    """Generation in MWh of each interval; lignite and solar power grow by 100 MW an hour of the day in UTC."""
    lines = [";".join([*head, *(f"{name} [MWh] Originalauflösungen" for name in TYPES)])]
    for begin in begins(start, hours, minutes):
        grown = dict.fromkeys(("Braunkohle", "Photovoltaik"), 100 * begin.hour)
        mix = [mw + grown.get(name, 0) for name, mw in zip(TYPES, MIX_MW, strict=True)]
        cells = [number(mw * minutes / 60) if mw else "-" for mw in mix]
        lines.append(";".join([*times(begin, timedelta(minutes=minutes)), *cells]))
    return "\r\n".join(lines)


def prices(start: str, hours: int = 72) -> str:
    lines = ["Datum von;Datum bis;Deutschland/Luxemburg [€/MWh] Originalauflösungen;∅ Anrainer DE/LU [€/MWh] x"]
    lines += [";".join([*smard_times(t, HOUR), german(t.hour + 0.5), "-"]) for t in begins(start, hours, 60)]
    return "\r\n".join(lines)


def day(date: str) -> Clock:
    return Clock(datetime.fromisoformat(date).replace(tzinfo=UTC), HOUR, 24)


def test_times_that_fall_are_the_only_fault(tmp_path: Path) -> None:
    head, *rows = smard("2024-06-03T00:00").splitlines()
    (tmp_path / "mix.csv").write_text("\r\n".join([head, *rows[:4], rows[5], rows[4], *rows[6:]]), encoding="utf-8")
    assert "has 1 problem" in refused(tmp_path / "mix.csv", day("2024-06-04"), price_per_mwh=80.0)


def lignite_mw(path: Path, date: str) -> np.ndarray:
    upstream = upstream_from_csv(path, day(date), price_per_mwh=80.0)
    return upstream.p_mw[:, upstream.technologies.index("lignite")]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("minutes", [15, 60])
def test_smard_gives_power_in_local_time(tmp_path: Path, encoding: str, minutes: int) -> None:
    path = tmp_path / "smard.csv"
    path.write_bytes(smard("2024-05-01T22:00", minutes=minutes).encode(encoding))
    assert lignite_mw(path, "2024-05-03") == pytest.approx(9000 + 100 * np.arange(24))


@pytest.mark.parametrize(
    ("start", "hours", "date"),
    [("2024-03-29T23:00", 71, "2024-03-31"), ("2024-10-25T22:00", 73, "2024-10-27")],
)
def test_smard_through_the_change_of_the_clocks(tmp_path: Path, start: str, hours: int, date: str) -> None:
    path = tmp_path / "smard.csv"
    path.write_text(smard(start, hours), encoding="utf-8")
    assert lignite_mw(path, date) == pytest.approx(9000 + 100 * np.arange(24))


def test_smard_in_english_and_with_its_times_in_two_columns(tmp_path: Path) -> None:
    path = tmp_path / "smard.csv"
    text = smard("2024-05-01T22:00", head=("Start date", "End date"), times=american_times, number=english)
    for name, theirs in (("Braunkohle", "Lignite"), ("Biomasse", "Biomass"), ("Wasserkraft", "Hydropower"),
                         ("Photovoltaik", "Photovoltaics"), ("Steinkohle", "Hard coal"),
                         ("Erdgas", "Fossil gas")):  # fmt: skip
        text = text.replace(name, theirs)
    path.write_text(text, encoding="utf-8")
    assert lignite_mw(path, "2024-05-03") == pytest.approx(9000 + 100 * np.arange(24))
    path.write_text(smard("2024-05-01T22:00", head=("Datum", "Anfang", "Ende"), times=split_times), encoding="utf-8")
    assert lignite_mw(path, "2024-05-03") == pytest.approx(9000 + 100 * np.arange(24))


def test_whole_numbers_with_points_between_thousands(tmp_path: Path) -> None:
    path = tmp_path / "smard.csv"
    path.write_text(smard("2024-05-01T22:00", minutes=60, number=lambda v: german(v).split(",")[0]), encoding="utf-8")
    assert lignite_mw(path, "2024-05-03") == pytest.approx(9000 + 100 * np.arange(24))


def test_a_type_that_ended_is_0_where_smard_writes_a_dash(tmp_path: Path) -> None:
    path = tmp_path / "smard.csv"
    head, *rows = smard("2024-04-01T22:00", 24 * 20, 60).splitlines()
    cells = [row.split(";") for row in rows]
    for row in cells[:100]:
        row[8] = "2.000,00"
    path.write_text("\n".join([head, *(";".join(row) for row in cells)]), encoding="utf-8")
    upstream = upstream_from_csv(path, day("2024-04-15"), price_per_mwh=80.0)
    assert (upstream.p_mw[:, upstream.technologies.index("nuclear")] == 0).all()
    assert "not expected (-) in 380 rows" in str(upstream.report)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("Braunkohle", "Anderes"), "must have every type of generation"),
        (("Biomasse", "Gesamt"), "has no direct intensities"),  # a forecast of generation
        (("MWh", "MW"), "has none of the known layouts"),  # installed power
    ],
)
def test_what_is_no_whole_mix_is_refused(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    path = tmp_path / "smard.csv"
    path.write_text(smard("2024-05-01T22:00").replace(*change), encoding="utf-8")
    assert said in refused(path, day("2024-05-03"), price_per_mwh=80.0)


def eco2mix(*, offsets: bool, always_24_hours: str | None = None) -> str:
    """Three days; quarters hold forecasts only, as in definitive data; the rate of CO2 is 10 more than the hour."""
    names = ["Fioul", "Charbon", "Gaz", "Nucléaire", "Eolien", "Solaire", "Hydraulique", "Pompage", "Bioénergies"]
    mix = [90, 15, 3200, 38000, 6000, 0, 7000, -900, 900]
    head = ["Périmètre", "Nature", "Date", "Heure" if offsets else "Heures", *(["Date et Heure"] if offsets else [])]
    unit = " (MW)" if offsets else ""
    head += [f"Consommation{unit}", f"Prévision J{unit}", *(f"{name}{unit}" for name in names)]
    head += ["Taux de CO2 (g/kWh)" if offsets else "Taux de Co2"]
    start = "2024-05-01T22:00" if always_24_hours is None else f"{always_24_hours}T00:00"
    rows = []
    for begin in begins(start, 72, 15):
        local = begin.astimezone(PARIS) if always_24_hours is None else begin
        cells = ["France", "Données définitives", f"{local:%Y-%m-%d}", f"{local:%H:%M}"]
        cells += [local.isoformat()] if offsets else []
        whole = begin.minute % 30 == 0
        cells += ["50000" if whole else "", "50400", *(str(mw) if whole else "" for mw in mix)]
        rows.append([*cells, str(10 + begin.hour) if whole else "ND"])
    if offsets:
        rows = [*rows[100:], *rows[:100]]  # as the portal hands them out
        return "\n".join(";".join(row) for row in [head, *rows])
    lines = ["\t".join(head), *("\t".join(row) + "\t" for row in rows)]
    return "\r\n".join([*lines, "RTE ne pourra être tenu responsable de l'usage des données mises à disposition."])


def test_eco2mix_of_rte_and_of_the_open_data_portal(tmp_path: Path) -> None:
    path = tmp_path / "eCO2mix.xls"  # a table in text, whatever its name says
    path.write_bytes(eco2mix(offsets=False).encode("cp1252"))
    direct = upstream_from_csv(path, day("2024-05-03"), price_per_mwh=80.0)
    assert direct.ci_kg_per_mwh == pytest.approx(10.0 + np.arange(24))
    assert direct.p_mw[:, direct.technologies.index("nuclear")] == pytest.approx(38000.0)
    other = tmp_path / "odre.csv"
    other.write_text(eco2mix(offsets=True), encoding="utf-8-sig")
    assert upstream_from_csv(other, day("2024-05-03"), price_per_mwh=80.0).ci_kg_per_mwh == pytest.approx(
        direct.ci_kg_per_mwh
    )
    lifecycle = upstream_from_csv(path, day("2024-05-03"), "lifecycle", price_per_mwh=80.0)
    assert np.ptp(lifecycle.ci_kg_per_mwh) == pytest.approx(0.0, abs=1e-9)  # of factors and the mix


def test_rows_in_the_hour_that_summer_time_skips_are_left_out_beside_those_of_the_next(tmp_path: Path) -> None:
    path = tmp_path / "eCO2mix.csv"
    path.write_text(eco2mix(offsets=False, always_24_hours="2024-03-30"), encoding="utf-8")
    report = str(upstream_from_csv(path, day("2024-03-31"), price_per_mwh=80.0).report)
    assert "2 rows of the hour that summer time skips" in report


def test_a_folder_of_a_mix_and_prices_in_any_layouts(tmp_path: Path) -> None:
    (tmp_path / "Erzeugung.csv").write_text(smard("2024-05-01T22:00"), encoding="utf-8")
    assert "put the file of wholesale prices beside it" in refused(tmp_path, day("2024-05-03"))
    (tmp_path / "Preise.csv").write_text(prices("2024-05-01T22:00"), encoding="utf-8")
    upstream = upstream_from_csv(tmp_path, day("2024-05-03"))
    assert upstream.price_per_mwh == pytest.approx(np.arange(24) + 0.5)
    assert upstream.p_mw[:, upstream.technologies.index("lignite")] == pytest.approx(9000 + 100 * np.arange(24))
    assert "SMARD (Erzeugung.csv) and SMARD (Preise.csv)" in str(upstream.report)
    assert "put a file of generation beside it" in refused(tmp_path / "Preise.csv", day("2024-05-03"))
    (tmp_path / "Mehr.csv").write_text(smard("2024-05-01T22:00"), encoding="utf-8")
    assert "must hold generation or intensities in one file" in refused(tmp_path, day("2024-05-03"))
