"""Frozen, strict input models: their field docstrings are the schema of the scenario file."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from inspect import cleandoc, get_annotations, getsource
from itertools import pairwise
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, model_validator

from grid.errors import NAME_TAG

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

HIGHEST_PRICE = 1e9
"""What no price reaches in any currency, per MWh, t, MW or kg; beyond it sums of costs lose their small parts."""

SourceStatus = Literal["verified", "secondary", "unverified"]
"""Whether a number was read in its source, in a page that quotes the source, or neither yet."""

TAG = NAME_TAG
"""How names begin that tell what is meant where a key takes a name or a mapping."""


class _NotANumber:
    """Something in the place of a number, which fails as what it is."""

    def __init__(self, value: object) -> None:
        self.value = value

    def __repr__(self) -> str:
        return repr(self.value)


def _is_number(annotation: Any) -> bool:
    return annotation in {int, float} or set(get_args(annotation)) in ({float, NoneType}, {int, NoneType})


class Spec(BaseModel):
    """An input model: immutable, refuses unknown keys and numbers that are not finite.

    A process makes few of the models that it imports, and seldom says what their fields mean: each model is built when
    it is first used, and docstrings are read when somebody asks for the schema.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        validate_default=True,
        defer_build=True,
    )

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The JSON Schema of the model, whose fields are described by their docstrings."""
        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        for name, text in field_docstrings(cls).items():
            if name in properties:
                properties[name].setdefault("description", text)
        return schema

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


def field_docstrings(model: type[Spec]) -> dict[str, str]:
    """What the fields of a model mean: the docstring below each, where it has one, from the class that states it.

    The same as pydantic's ``use_attribute_docstrings``, which reads the source of every model when it is imported.
    """
    found = {}
    for name in model.model_fields:
        stated_in = next(one for one in model.__mro__ if name in get_annotations(one))
        text = _class_docstrings(sys.modules[stated_in.__module__]).get(stated_in.__qualname__, {}).get(name)
        if text is not None:
            found[name] = text
    return found


@cache
def _class_docstrings(module: Any) -> dict[str, dict[str, str]]:
    """Docstrings below annotated names of each class of a module, by its qualified name; none without the source."""
    try:
        tree = ast.parse(getsource(module))
    except OSError:
        return {}
    return dict(_docstrings_within(tree, ""))


def _docstrings_within(node: ast.AST, prefix: str) -> Iterator[tuple[str, dict[str, str]]]:
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, ast.ClassDef):
            yield f"{prefix}{inner.name}", dict(_docstrings_of(inner))
            yield from _docstrings_within(inner, f"{prefix}{inner.name}.")
        elif isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _docstrings_within(inner, f"{prefix}{inner.name}.<locals>.")


def _docstrings_of(class_: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, below in pairwise(class_.body):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield name, cleandoc(text)
