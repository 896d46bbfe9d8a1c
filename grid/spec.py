"""Frozen, strict input models: their field docstrings are the schema of the scenario file."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import Any, Self, get_args

from pydantic import BaseModel, ConfigDict, model_validator

HIGHEST_PRICE = 1e9
"""What no price reaches in any currency, per MWh, t, MW or kg; beyond it sums of costs lose their small parts."""

TAG = "·"
"""How names begin that tell what is meant where a key takes a name or a mapping; no key of a file begins so."""


class _NotANumber:
    """Something in the place of a number, which fails as what it is."""

    def __init__(self, value: object) -> None:
        self.value = value

    def __repr__(self) -> str:
        return repr(self.value)


def _is_number(annotation: Any) -> bool:
    return annotation in {int, float} or set(get_args(annotation)) in ({float, NoneType}, {int, NoneType})


class Spec(BaseModel):
    """An input model: immutable, refuses unknown keys and numbers that are not finite."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        validate_default=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _numbers_are_numbers(cls, data: Any) -> Any:
        """Makes pydantic refuse texts and truth values where a number belongs, instead of converting them."""
        if not isinstance(data, Mapping):
            return data
        wrong = {
            name: _NotANumber(data[name])
            for name, field in cls.model_fields.items()
            if isinstance(data.get(name), str | bool) and _is_number(field.annotation)
        }
        return {**data, **wrong}

    @model_validator(mode="after")
    def _always_names_its_kind(self) -> Self:
        """Keeps the ``kind`` of one of several kinds when what was left at its default is not written."""
        if "kind" in type(self).model_fields:
            self.model_fields_set.add("kind")
        return self

    def with_changes(self, changes: Mapping[str, Any]) -> Self:
        """A re-validated copy with `changes` applied.

        Args:
            changes: New values by dotted path; a number is a place in a list, e.g.
                ``{"dispatch.strategy": "smart", "assets.0.p_peak_mw": 8}``.

        Raises:
            pydantic.ValidationError: If the changed model is not valid.
            KeyError: If a path leads through something that is neither a mapping nor a list.
        """
        data = self.model_dump(mode="python", exclude_unset=True)
        for path, value in changes.items():
            *parents, last = path.split(".")
            place: Any = data
            for key in parents:
                place = place[int(key)] if isinstance(place, list | tuple) else place.setdefault(key, {})
            if isinstance(place, list):
                place[int(last)] = value
            elif isinstance(place, dict):
                place[last] = value
            else:
                raise KeyError(path)
        return type(self).model_validate(data)
