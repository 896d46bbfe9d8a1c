"""The address of a view: which query keys there are, how they are written, and links that keep the rest of a view.

In the browser ``assets/shell_address.js`` reads and writes the same keys.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, quote, urlencode

FRAME_KEYS = ("result", "baseline", "with", "theme", "lang")
"""Keys that every page depends on: result, baseline, further results to compare, colour scheme, language."""
LINK_KEYS = ("result", "baseline", "with")
"""Those of them that links name; theme and language stay as they are in the browser."""


def query_of(search: str) -> dict[str, str]:
    """The keys of a query; of a key that is given twice the first, as in the browser."""
    query: dict[str, str] = {}
    for key, value in parse_qsl(search.lstrip("?"), keep_blank_values=True):
        query.setdefault(key, value)
    return query


def search_of(query: Mapping[str, str]) -> str:
    """A query as it stands in an address, with its question mark; empty without keys."""
    return f"?{urlencode(query, quote_via=quote, safe=':,|')}" if query else ""


def address_of(path: str, query: Mapping[str, str], changes: Mapping[str, object]) -> str:
    """The address of a page with a query, after changes to it.

    Args:
        path: The page, e.g. ``/grid``.
        query: The query so far.
        changes: New values by key: text, a moment (aware datetime), or names (a tuple); None takes a key out. The
            key `with` is given as `with_`, and `lang` as `lang` or `language`.
    """
    named = {{"with_": "with", "language": "lang"}.get(key, key): value for key, value in changes.items()}
    kept = {key: value for key, value in query.items() if key not in named}
    return path + search_of(kept | {key: _written(value) for key, value in named.items() if value is not None})


def names_in(value: str) -> tuple[str, ...]:
    """The names in a value such as ``a,b``; a comma in a name is written ``%2C`` and a per cent sign ``%25``."""
    names = (name.replace("%2C", ",").replace("%25", "%") for name in value.split(",") if name)
    return tuple(dict.fromkeys(names))


def names_joined(names: Iterable[str]) -> str:
    """Names as one value, see `names_in`."""
    return ",".join(name.replace("%", "%25").replace(",", "%2C") for name in names)


def moment_written(moment: dt.datetime) -> str:
    """A moment as it stands in an address: in UTC, to the minute."""
    return f"{moment.astimezone(dt.UTC):%Y-%m-%dT%H:%MZ}"


def _written(value: object) -> str:
    if isinstance(value, dt.datetime):
        return moment_written(value)
    if isinstance(value, tuple | list):
        return names_joined(str(name) for name in value)
    return str(value)
