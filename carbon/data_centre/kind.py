"""An input model that comes in several kinds."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from grid.spec import Spec


class Kind(Spec):
    """One of several kinds, told apart by a literal field ``kind``, which a subclass adds.

    The kind is never left out when a model is written without its defaults: without it the rest could not be read.
    """

    @model_validator(mode="after")
    def _always_names_its_kind(self) -> Self:
        if "kind" in type(self).model_fields:
            self.model_fields_set.add("kind")
        return self
