from __future__ import annotations

import json
import subprocess
import sys
from typing import ClassVar

from pydantic import Field

from grid.spec import Spec, field_docstrings


class Machine(Spec):
    """A machine."""

    limits: ClassVar[int] = 3
    """Not a field."""
    p_rated_mw: float = Field(default=1.0, gt=0)
    """Rated power
    of all of it [MW]."""
    name: str = "one"
    count: int = 2
    """How many there are."""


class Pump(Machine):
    """A machine that states a field anew, and one of its own."""

    count: int = 1
    head_m: float = 3.0
    """Head [m]."""


class Plant(Spec):
    """Machines."""

    pump: Pump = Pump()
    """The pump."""
    machines: tuple[Machine, ...] = ()
    """All others."""


def test_fields_are_described_by_the_docstrings_below_them() -> None:
    rated = "Rated power\nof all of it [MW]."
    assert field_docstrings(Machine) == {"p_rated_mw": rated, "count": "How many there are."}
    assert field_docstrings(Pump) == {"p_rated_mw": rated, "head_m": "Head [m]."}


def test_a_model_within_a_function_has_docstrings_too() -> None:
    class Valve(Machine):
        """A machine again."""

        open: bool = True
        """Whether it is open."""

    assert field_docstrings(Valve)["open"] == "Whether it is open."


def test_the_schema_is_that_of_pydantic_with_attribute_docstrings() -> None:
    class Twin(Pump, use_attribute_docstrings=True, title="Pump"):
        """A machine that states a field anew, and one of its own."""

        p_rated_mw: float = Field(default=1.0, gt=0)
        """Rated power
        of all of it [MW]."""
        head_m: float = 3.0
        """Head [m]."""

    of_pydantic = {name: field.description for name, field in Twin.model_fields.items() if field.description}
    assert of_pydantic == field_docstrings(Pump)
    assert json.dumps(Twin.model_json_schema()) == json.dumps(Pump.model_json_schema())
    assert Plant.model_json_schema()["$defs"]["Pump"] == Pump.model_json_schema()
    assert Plant.model_json_schema()["properties"]["pump"]["description"] == "The pump."


def test_models_are_not_built_and_docstrings_not_read_by_an_import() -> None:
    code = (
        "from grid.assets import KINDS; from grid.spec import _class_docstrings\n"
        "print(any(kind.__pydantic_complete__ for kind in KINDS), _class_docstrings.cache_info().currsize)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["False", "0"]
