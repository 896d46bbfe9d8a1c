from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from carbon.reporting.scope2 import Consumer, Contract, MarketRates, scope2_by_consumer
from carbon.reporting.statement import (
    Overlap,
    Provenance,
    hours_csv,
    statement_document,
    statement_schema,
    verify_statement,
    write_statement,
)
from grid.errors import InputError
from grid.time.clock import Clock

CLOCK = Clock(datetime(2030, 1, 31, 23, tzinfo=UTC), timedelta(hours=1), 3)
FROM = Provenance("a city", "0" * 64, "1.0", "operator", "direct", ({"name": "a set"},), ("a licence",))


def written(folder: Path, energy_mwh: tuple[float, ...] = (10.0, 10.0, 10.0)) -> Path:
    hall = Consumer("hall", "DE", np.array(energy_mwh), np.array([400.0, 300.0, 200.0]), np.full(3, 0.5))
    wind = Contract("wind", "hall", np.array([12.0, 6.0, 0.0]), 0.0, True, "hourly", "DE", 2030)
    result = scope2_by_consumer([hall], [wind], MarketRates("DE", 2030))["hall"]
    document = statement_document(result, result.contracted_mwh, CLOCK, FROM)
    return write_statement(document, hours_csv(result, CLOCK), folder / "hall.json")[0]


def test_it_holds_both_methods_and_the_score_and_adds_up_by_month(tmp_path: Path):
    document = verify_statement(written(tmp_path))
    jsonschema.validate(document, statement_schema())
    assert (document["location_based_kg"], document["market_based_kg"]) == (9000, 4 * 300 + 2000)
    assert document["cfe_24_7"] == pytest.approx(23 / 30)  # the hand case of the 24/7 score
    assert [month["month"] for month in document["months"]] == ["2030-01", "2030-02"]
    assert sum(month["location_based_kg"] for month in document["months"]) == 9000


def test_it_says_what_it_rests_on_and_what_it_must_not_be_added_to(tmp_path: Path):
    basis = {"imports": "model of the region x", "weather": "y", "gas": "CO2", "caveats": ["calibrated"]}
    hall = Consumer("hall", "DE", np.full(3, 10.0), np.full(3, 300.0), np.full(3, 0.5))
    result = scope2_by_consumer([hall], [], MarketRates("DE", 2030))["hall"]
    part = Overlap(part_of="I.2.2")
    document = statement_document(result, np.zeros(3), CLOCK, replace(FROM, basis=basis), part)
    jsonschema.validate(document, statement_schema())
    assert document["provenance"]["basis"] == basis
    assert document["overlap"] == {"part_of": "I.2.2", "contains": []}


def test_a_consumer_without_consumption_has_no_intensity_and_no_score(tmp_path: Path):
    document = verify_statement(written(tmp_path, (0.0, 0.0, 0.0)))
    jsonschema.validate(document, statement_schema())
    assert document["energy_mwh"] == document["market_based_kg"] == 0
    assert document["location_based_kg_per_mwh"] is document["cfe_24_7"] is None


@pytest.mark.parametrize("name", sorted(set(statement_schema()["required"]) - {"sha256"}))
def test_every_field_is_under_the_checksum(tmp_path: Path, name: str):
    path = written(tmp_path)
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | {name: "another"}))
    with pytest.raises(InputError, match="sha256: does not match: the statement was changed"):
        verify_statement(path)
    del document[name]
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match=f"{name}: is missing"):
        verify_statement(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [("2000.0", "1000.0"), ("location_kg", "location"), ("start_utc", "start"), ("2000.0", ""), ("2000.0", "nan")],
)
def test_changed_hours_are_told_from_changed_statements(tmp_path: Path, old: str, new: str):
    path = written(tmp_path)
    hours = path.with_suffix(".csv")
    hours.write_text(hours.read_text().replace(old, new))
    with pytest.raises(InputError, match="hours_sha256: does not match: the hours were changed"):
        verify_statement(path)


@pytest.mark.parametrize(("old", "new"), [("2000.0", "1000.0"), ("location_kg", "kg"), ("2000.0", "nan")])
def test_hours_and_checksums_changed_together_do_not_add_up(tmp_path: Path, old: str, new: str):
    path = written(tmp_path)
    hours = path.with_suffix(".csv")
    hours.write_text(hours.read_text().replace(old, new))
    body = json.loads(path.read_text()) | {"hours_sha256": hashlib.sha256(hours.read_bytes()).hexdigest()}
    del body["sha256"]
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    path.write_text(json.dumps(body | {"sha256": hashlib.sha256(canonical.encode()).hexdigest()}))
    with pytest.raises(InputError, match=r"location_based_kg: (is not the sum of the hours|or column location_kg)"):
        verify_statement(path)


@pytest.mark.parametrize(("text", "rule"), [("{", "cannot be read"), ("[1]", "must be a JSON object")])
def test_what_is_no_statement_is_refused(tmp_path: Path, text: str, rule: str):
    path = written(tmp_path)
    path.write_text(text)
    with pytest.raises(InputError, match=rule):
        verify_statement(path)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "hall.json").mkdir()
    with pytest.raises(InputError, match="FILE: is a folder"):
        written(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        written(tmp_path / "nowhere")


def test_what_is_fed_back_stands_beside_and_adds_up_with_the_hours(tmp_path: Path):
    energy, back = np.array([10.0, 0.0, 4.0]), np.array([0.0, 3.0, 1.0])
    fleet = Consumer("cars", "DE", energy, np.array([400.0, 300.0, 200.0]), np.full(3, 0.5), back, 410.0 * back)
    result = scope2_by_consumer([fleet], [], MarketRates("DE", 2030))["cars"]
    document = statement_document(result, np.zeros(3), CLOCK, FROM)
    path, beside = write_statement(document, hours_csv(result, CLOCK), tmp_path / "cars.json")
    assert verify_statement(path) == document
    jsonschema.validate(document, statement_schema())
    assert (document["energy_mwh"], document["location_based_kg"]) == (14, 4800)  # all that is drawn
    assert (document["returned_mwh"], document["returned_kg"]) == (4, 1640)
    assert document["location_based_net_kg"] == 4800 - 1640
    assert document["on_site_mwh"] == 0
    text = beside.read_text()
    assert text.splitlines()[0].endswith("returned_mwh,returned_kg,on_site_mwh")
    with pytest.raises(InputError, match=r"cars\.returned_mwh"):
        scope2_by_consumer(
            [Consumer("cars", "DE", energy, energy, np.full(3, 0.5), -back, back)], [], MarketRates("DE", 2030)
        )


def test_two_statements_do_not_claim_one_contract(tmp_path: Path):
    document = json.loads(written(tmp_path).read_text())
    (tmp_path / "notes.json").write_text("[1, 2]")  # another kind of file beside them
    write_statement(document, "", tmp_path / "hall_again.json")  # of the same consumer
    other = document | {"consumer": "I.2.2"}
    with pytest.raises(
        InputError, match=r"contracts: is claimed by the statement of hall too \(hall\.json\)"
    ) as caught:
        write_statement(other, "", tmp_path / "sector.json")
    assert [fault.value for fault in caught.value.faults] == ["wind", "wind"]
    assert not (tmp_path / "sector.json").exists()
    later = {"start_utc": document["period"]["stop_utc"], "stop_utc": "2031-01-01T00:00:00+00:00", "steps": 3}
    write_statement(other | {"period": later}, "", tmp_path / "sector.json")
    write_statement(other | {"contracts": {}}, "", tmp_path / "sector.json")


def claiming(folder: Path, consumer: str, name: str, **of_contract: Any) -> Path:
    """The statement of a consumer with one contract of this name."""
    user = Consumer(consumer, "DE", np.full(3, 10.0), np.full(3, 300.0), np.full(3, 0.5))
    contract = Contract(name, consumer, np.full(3, 5.0), 0.0, True, "hourly", "DE", 2030, **of_contract)
    result = scope2_by_consumer([user], [contract], MarketRates("DE", 2030))[consumer]
    document = statement_document(result, result.contracted_mwh, CLOCK, FROM, None, [contract])
    jsonschema.validate(document, statement_schema())
    return write_statement(document, hours_csv(result, CLOCK), folder / f"{consumer}.json")[0]


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [({"certificates": ("a", "b")}, {"certificates": ("b",)}, "has a certificate that .* as contract wind: b;"),
     ({"origin": "asset park", "origin_share": 0.7}, {"origin": "asset park", "origin_share": 0.5},
      r"is of the energy \(asset park\) that .* as contract wind, 120% of it together"),
     ({"origin": "energy of SHA-256 00"}, {"origin": "energy of SHA-256 00"}, "200% of it together")],
)  # fmt: skip
def test_another_name_makes_no_other_contract(
    tmp_path: Path, first: dict[str, Any], second: dict[str, Any], words: str
) -> None:
    claiming(tmp_path, "hall", "wind", **first)
    with pytest.raises(InputError, match=words):
        claiming(tmp_path, "works", "windy", **second)
    assert not (tmp_path / "works.json").exists()


def test_parts_of_one_energy_may_be_claimed_up_to_the_whole(tmp_path: Path) -> None:
    claiming(tmp_path, "hall", "wind 1", origin="asset park", origin_share=0.7)
    claiming(tmp_path, "works", "wind 2", origin="asset park", origin_share=0.3, certificates=("c",))
    claiming(tmp_path, "shop", "wind 3", origin="asset other", certificates=("d",))
    with pytest.raises(InputError, match="101% of it together"):
        claiming(tmp_path, "school", "wind 4", origin="asset park", origin_share=0.01)
