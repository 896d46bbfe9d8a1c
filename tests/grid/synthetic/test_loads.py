"""Tables of loads as people write them, and those that mean something else than they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from grid.errors import InputError
from grid.synthetic import SyntheticSpec
from grid.synthetic.loads import LoadPoints, read_load_points

PLACES = [(8.60 + 0.003 * k, 50.10 + 0.002 * k, 12.5 + k) for k in range(6)]


def read(folder: Path, text: str) -> LoadPoints:
    (folder / "loads.csv").write_text(text)
    return read_load_points(SyntheticSpec(loads="loads.csv"), folder)


def table(header: str, *, scale: float = 1.0) -> str:
    return header + "".join(f"\nh{k},{x:.4f},{y:.4f},{p * scale}" for k, (x, y, p) in enumerate(PLACES))


def refusal(folder: Path, text: str) -> InputError:
    with pytest.raises(InputError) as caught:
        read(folder, text)
    assert len(caught.value.faults) == 1, caught.value
    return caught.value


def test_semicolons_decimal_commas_and_short_names_mean_the_same(tmp_path: Path) -> None:
    plain = read(tmp_path, table("name,longitude,latitude,p_kw"))
    german = read(tmp_path, table("Name,Lon,LAT,p_kW").replace(",", ";").replace(".", ","))
    np.testing.assert_array_equal(plain.xy, german.xy)
    np.testing.assert_array_equal(plain.p_mw, german.p_mw)
    assert plain.names == german.names
    assert any("longitude 8.61, latitude 50.1" in said for said in plain.guessed)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (table("name,x,y,p_kw"), "are they degrees? Call the columns longitude and latitude"),
        (table("name,longitude,latitude,p_mw"), "are they in kW instead of MW? Divide by 1000"),
        (table("name,longitude,latitude,p_kw", scale=1000), "are they in W instead of kW?"),
        (table("name,east,north,p_kw"), "must have columns longitude and latitude, or x and y"),
        (table("name,longitude,latitude,power"), "must have one column of power"),
    ],
)
def test_what_is_meant_otherwise_is_refused_once(tmp_path: Path, text: str, said: str) -> None:
    assert said in str(refusal(tmp_path, text))


def test_loads_of_one_name_are_named(tmp_path: Path) -> None:
    text = table("name,longitude,latitude,p_kw").replace("h1,", "h0,")
    assert "must have different names; not so 1; got ['h0']" in str(refusal(tmp_path, text))
