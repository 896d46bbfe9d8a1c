"""What statements of several consumers in one folder claim: every contract covers one load, whatever it is called."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from carbon.reporting.scope2 import Contract
from grid.errors import Fault
from grid.files.content import read_text

_ROUNDING: Final = 1e-9
_CURE: Final = "covers one load only: divide it into contracts of their own names, in one file of contracts"


def claims_of(contracts: Sequence[Contract], consumer: str) -> list[dict[str, Any]]:
    """What each contract of a consumer claims, whatever it is called."""
    return [
        {"contract": c.name, "origin": c.origin, "share": c.origin_share, "certificates": list(c.certificates)}
        for c in contracts
        if c.consumer == consumer
    ]


def claimed_twice(document: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    """What statements of other consumers beside a statement claim too, for the same time.

    A contract is the same by its name, by a certificate of it, or by the energy that it is about, of which all
    statements together may claim no more than the whole.

    Args:
        document: The statement.
        path: Where it is to be written.
    """
    shares = {claim["origin"]: 0.0 for claim in document["claims"] if claim["origin"]}
    for claim in document["claims"]:
        if claim["origin"]:
            shares[claim["origin"]] += claim["share"]
    for other in sorted(path.parent.glob("*.json")) if path.parent.is_dir() else ():
        held = _statement_beside(document, other)
        if held is None:
            continue
        by = f"is claimed by the statement of {held['consumer']} too ({other.name})"
        both = [name for name in document["contracts"] if name in held["contracts"]]
        yield from (Fault("contracts", f"{by}, and {_CURE}", name) for name in both)
        for theirs in held["claims"]:
            for mine in document["claims"]:
                if mine["contract"] not in both:
                    yield from _same_energy(mine, theirs, by, shares)
            if theirs["origin"] in shares:
                shares[theirs["origin"]] += theirs["share"]


def _same_energy(
    mine: Mapping[str, Any], theirs: Mapping[str, Any], by: str, shares: Mapping[str, float]
) -> Iterator[Fault]:
    """Certificates that both contracts have, and energy of which more than the whole is claimed."""
    called = f" as contract {theirs['contract']}"
    serials = [serial for serial in mine["certificates"] if serial in theirs["certificates"]]
    if serials:
        rule = f"has a certificate that {by}{called}: {', '.join(serials)}; it {_CURE}"
        yield Fault("contracts", rule, mine["contract"])
    elif mine["origin"] and mine["origin"] == theirs["origin"]:
        together = shares[mine["origin"]] + theirs["share"]
        if together > 1.0 + _ROUNDING:
            rule = f"is of the energy ({mine['origin']}) that {by}{called}, {together:.0%} of it together; it {_CURE}"
            yield Fault("contracts", rule, mine["contract"])


def _statement_beside(document: Mapping[str, Any], other: Path) -> Mapping[str, Any] | None:
    """The statement in a file, if it is one of another consumer that shares time with `document`."""
    try:
        held: dict[str, Any] = json.loads(read_text(other))
        if held["schema"] != document["schema"] or held["consumer"] == document["consumer"]:
            return None
        apart = held["period"]["stop_utc"] <= document["period"]["start_utc"]
        apart = apart or document["period"]["stop_utc"] <= held["period"]["start_utc"]
        claims = [
            {
                "contract": str(claim["contract"]), "origin": str(claim["origin"]),
                "share": float(claim["share"]), "certificates": list(claim["certificates"]),
            }
            for claim in held.get("claims", [])
        ]  # fmt: skip
        return None if apart else {**held, "contracts": dict(held["contracts"]), "claims": claims}
    except (ValueError, KeyError, TypeError, RecursionError):  # another kind of file
        return None
