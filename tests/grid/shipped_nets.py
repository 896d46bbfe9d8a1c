"""Nets that pandapower ships, read once in each process."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import pandapower.networks


@cache
def _as_shipped() -> Any:
    return pandapower.networks.mv_oberrhein()


def mv_oberrhein() -> Any:
    """A net of one's own to change; copying takes a small part of the time of reading it."""
    return copy.deepcopy(_as_shipped())
