"""Faults of small files of models in words: regions, rules, catalogues of changes, ranges of parameters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from carbon.data_centre.priors import SHIPPED as PRIORS
from carbon.data_centre.priors import load_priors
from carbon.data_centre.rules import rule_set
from carbon.data_centre.studies.remedies import SHIPPED as CHANGES
from carbon.data_centre.studies.remedies import load_changes
from carbon.upstream import load_region
from carbon.upstream.market.region import region_files
from grid.errors import InputError

RAW = ("Input should", "Field required", "Extra inputs", "Value error", "Traceback")
RULES = """rules:
  - id: one
    title: PUE
    jurisdiction: here
    issuer: the city
    metric: pue
    limit: 1.4
    applies_to: all
    consequence: none
    source: none
    status: unverified
"""


def told(folder: Path, read: Callable[[Path], object], text: str, *, name: str = "file.yaml") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read(path)
    message = str(caught.value)
    assert not any(words in message for words in RAW), message
    return message


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([("carbon_price_per_t: 83.66", "carbon_price_per_t: -1")],
         ["line 8: carbon_price_per_t: must be at least 0; got -1"]),
        ([("scarcity_price_per_mwh: 300", "scarcity_price: 300")],
         ["scarcity_price: unknown key; did you mean 'scarcity_price_per_mwh'?"]),
        ([("carbon_price_per_t: 83.66", "carbon_price_per_t: '83,66'"), ("latitude: 51.2", "latitude: 951.2")],
         ["must be a number; got '83,66'; did you mean '83.66'?", "place.latitude: must be at most 90; got 951.2"]),
    ],
)  # fmt: skip
def test_faults_of_a_region(tmp_path: Path, changes: list[tuple[str, str]], said: list[str]) -> None:
    text = region_files()["germany"].read_text(encoding="utf-8")
    for change in changes:
        text = text.replace(*change, 1)
    message = told(tmp_path, load_region, text)
    assert all(each in message for each in said), message
    assert f"has {len(said)} problem" in message
    assert "must be a mapping" in told(tmp_path, load_region, "- 1\n")


def test_faults_of_rules_and_of_a_catalogue(tmp_path: Path) -> None:
    message = told(
        tmp_path, rule_set, RULES.replace("metric: pue", "metrik: pue").replace("limit: 1.4", "limit: '1,4'")
    )
    assert "line 6: rules[0].metrik: unknown key; did you mean 'metric'?" in message
    assert "line 7: rules[0].limit: must be a number; got '1,4'; did you mean '1.4'?" in message
    text = CHANGES.read_text(encoding="utf-8")
    message = told(tmp_path, load_changes, text.replace("status: unverified", "status: unverifid", 1))
    assert "changes[0].status: must be one of" in message
    assert "did you mean 'unverified'?" in message
    assert "changes[1].id: stands twice; got 'containment'" in told(
        tmp_path, load_changes, text.replace("id: supply_27", "id: containment")
    )
    assert "changes: is required" in told(tmp_path, load_changes, "")


def test_ranges_are_read_as_other_tables_and_their_faults_come_together(tmp_path: Path) -> None:
    path = next(iter(sorted(PRIORS.glob("*.csv"))))
    lines = path.read_text(encoding="utf-8").splitlines()
    cells = [line.split(",")[:4] for line in lines]
    german = [";".join([name, *(cell.replace(".", ",") for cell in others), "own"]) for name, *others in cells]
    (tmp_path / "own.csv").write_text("\n".join([lines[0].replace(",", ";"), *german[1:]]), encoding="utf-8-sig")
    own, shipped = load_priors(tmp_path / "own.csv"), load_priors(path)
    assert [(each.parameters, each.low, each.high) for each in own] == [
        (each.parameters, each.low, each.high) for each in shipped
    ]
    wrong = "parameters,low,high,unit,source\na,abc,2,1,x\nb,3,1,1,x\nc,1,2,,x\n"
    message = told(tmp_path, load_priors, wrong, name="wrong.csv")
    assert "line 2, low: must be a number; got 'abc'" in message
    assert "line 3: low must not exceed high" in message
    assert "line 4, unit: must not be empty" in message
    assert "low: is a required column; did you mean 'lo'?" in told(
        tmp_path, load_priors, "parameters,lo,high,unit,source\na,1,2,1,x\n", name="wrong.csv"
    )
