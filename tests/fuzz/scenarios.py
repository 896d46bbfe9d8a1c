"""Wrong scenario files of every kind, made of a right one."""

from __future__ import annotations

import copy
import datetime as dt
import re
from collections.abc import Callable, Mapping
from random import Random
from types import MappingProxyType
from typing import Any

import yaml

from tests.fuzz.mutants import changed_text, changed_tree, places

SCENARIO: dict[str, Any] = {
    "schema_version": 1, "name": "feeder", "currency": "EUR",
    "city": {"network": "case33bw", "time_zone": "Europe/Berlin", "holidays": "DE", "demand_growth": 0.05},
    "period": {"start": dt.date(2030, 1, 7), "days": 1, "step_minutes": 60},
    "upstream": {"region": "reference"}, "tariff": {"import_markup_per_mwh": 60},
    "assets": [
        {"kind": "battery", "name": "store", "bus": "5", "p_rated_mw": 0.5, "e_rated_mwh": 2,
         "power_limits": [{"hours": "22:00-06:00", "discharge_max_mw": 0}]},
        {"kind": "ev_fleet", "name": "homes", "where": {"areas": "all"}, "vehicles": 50, "place": "home"},
        {"kind": "hydrogen_station", "name": "depot", "bus": "7", "electrolyser_mw": 0.5, "tank_kg": 200,
         "fuel_cell_mw": 0.1, "demand_kg_per_day": 50},
        {"kind": "pv", "name": "roofs", "bus": "8", "p_peak_mw": 0.4},
        {"kind": "heat_pump", "name": "flats", "bus": "11", "annual_heat_mwh": 300},
    ],
    "power_limits": [{"kinds": ["battery"], "hours": "17:00-20:00", "charge_max_share": 0.5}],
    "data_centres": [{"name": "hall", "bus": "3", "p_it_rated_mw": 0.3, "cooling": {"kind": "air_economiser"},
                      "power_chain": {"kind": "hvdc_240"}, "on_site": {"battery_mw": 0.1, "battery_mwh": 0.2}}],
    "dispatch": {"strategy": "optimal", "carbon_price_per_t": 80, "forecast": {"load": 0.03}},
    "limits": {"vm_min_pu": 0.9, "vm_max_pu": 1.1},
    "carbon": {"boundary": "direct", "conventions": ["operator"]},
}  # fmt: skip
"""A scenario on a small net, with something of every part."""
TAGS = (
    *("!!bool maybe", "!!int x", "!!float [1]", "!!null 5", "!!timestamp soon", "!!set {a, b}", "!!omap [a: 1]", "! x"),
    *("!!binary '*'", "!!python/name:os.system", "!!python/object/apply:os.system [ls]", "!!str {a: 1}", "!own 5"),
)
DATES = (
    *("9999-12-31", "0001-01-01", "10000-01-01", "2030-02-30", "2030-13-01", "0000-00-00", "2030-01-07T25:00:00Z"),
    *(
        "9999-12-31T23:59:59+14:00",
        "0001-01-01T00:00:00-14:00",
        "2030-W02",
        "7.1.2030",
        "1e10",
        "2030-01-07 12:30:00.5",
    ),
)
NAMES = (
    *(
        "a" * 256,
        "b" * 70_000,
        "ä" * 200,
        "'two\\nlines'",
        '"two\\nlines"',
        '"\\u202etxt"',
        '"\\0"',
        '"\\x1b[31m"',
        "'/'",
    ),
    *("'../../x'", "'.'", "''", "' '", "CON", "'<script>'", "\U0001f600", "'{{NAME}}'", "'%s'", '"\\ud800"', "'a/b'"),
)
NUMBERS = (
    *(
        ".nan",
        ".inf",
        "-.inf",
        "-0.0",
        "5e-324",
        "1e308",
        "-1e308",
        "1e309",
        "1e-300",
        "0x" + "f" * 300,
        "1_000",
        "0o17",
    ),
    *("1e6", "1e9", "1e12", "-1", "0", "1,5", "12:30", "1:30:00", "+5", "007", "true", "~"),
)
KEYS = ("{{NAME}}", "5", "1.5", "null", "true", "2030-01-01", "[a]", "? x", "''", "'a b'", "&k x", "a" * 2000, "<<")
HOLDERS = ("[]", "{}", "[1, 2]", "{a: 1}", "[{}]", "{kind: battery}", "[[x]]", "? [a]", "{? [a] : b}")
UNRENDERED = ("{{NAME}}", "{{ NAME }}", "{{NAME}}x", "${NAME}", "<NAME>", "[{{NAME}}]", "%NAME%")
OTHERS: Mapping[str, tuple[Any, ...]] = MappingProxyType({
    "kind": ("battery", "pv", "wind", "diesel", "chp", "heat_pump", "base_station", "free_cooling", "seawater"),
    "strategy": ("optimal", "unmanaged"),
    "place": ("home", "work", "public", "depot"),
    "boundary": ("direct", "lifecycle"),
    "region": ("reference", "great_britain", "japan", "california"),
    "time_zone": ("UTC", "Asia/Tokyo", "America/New_York"),
    "holidays": ("DE", "DE-BY", "US", None),
    "start": (dt.date(2028, 2, 29), dt.date(2030, 3, 31), dt.date(2030, 10, 27)),
    "step_minutes": (15, 30, 60),
    "network": ("case33bw", "case33bw", "create_cigre_network_lv"),
    "bus": ("5", "18", "33"),
})  # fmt: skip
"""Values that a field may well have, by its name."""


def _tree(tree: Any) -> str:
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)


def _content(random: Random, tree: Any) -> str:
    return _tree(changed_tree(random, tree))


def _text(random: Random, tree: Any) -> str:
    return changed_text(random, _tree(tree))


def _both(random: Random, tree: Any) -> str:
    return changed_text(random, _content(random, tree))


def _plausible(random: Random, tree: Any) -> str:
    """Other values of the same type: what a planner might write."""
    tree = copy.deepcopy(tree)
    for holder, key in random.sample(list(places(tree)), 6):
        value = holder[key] if isinstance(holder, list) or key in holder else None
        if key in OTHERS and random.random() < 0.5:
            holder[key] = random.choice(OTHERS[key])
        elif isinstance(value, int | float) and not isinstance(value, bool):
            holder[key] = type(value)(value * random.choice((0, 0.1, 0.5, 0.9, 1.1, 2, 3)))
        elif isinstance(holder, list) and isinstance(value, dict):
            holder.append({**copy.deepcopy(value), "name": f"another {len(holder)}"})
    return _tree(tree)


def _value(words: tuple[str, ...]) -> Callable[[Random, Any], str]:
    """Puts one of some words where the value of a key or an item of a list stands."""

    def changed(random: Random, tree: Any) -> str:
        lines = _tree(tree).splitlines()
        at = random.choice([k for k, line in enumerate(lines) if re.search(r"(?:: |- )[^-:]+$", line)])
        lines[at] = re.sub(r"(: |- )[^-:]+$", lambda found: found[1] + random.choice(words), lines[at])
        return "\n".join(lines) + "\n"

    return changed


def _key(words: tuple[str, ...]) -> Callable[[Random, Any], str]:
    """Puts one of some words where a key stands."""

    def changed(random: Random, tree: Any) -> str:
        lines = _tree(tree).splitlines()
        at = random.choice([k for k, line in enumerate(lines) if ":" in line])
        lines[at] = re.sub(r"^( *(?:- )*)[^:]+:", lambda found: f"{found[1]}{random.choice(words)}:", lines[at])
        return "\n".join(lines) + "\n"

    return changed


def _nested(random: Random, tree: Any) -> str:
    depth = random.choice((5, 49, 50, 51, 500, 20_000, 300_000))
    word = random.choice(
        ("[" * depth + "]" * depth, "{a: " * depth + "1" + "}" * depth, "[" * depth, "- " * depth + "1")
    )
    return _value((word,))(random, tree)


def _digits(random: Random, tree: Any) -> str:
    n = random.choice((19, 20, 299, 301, 4300, 4301, 100_000))
    return _value(("9" * n, "-" + "9" * n, f"1e{n}", "0." + "3" * n, "0x" + "f" * n, "1" + "_0" * n, f"{'9' * n}.5"))(
        random, tree
    )


def _merged(random: Random, tree: Any) -> str:
    """Anchors, aliases and merge keys: right, wrong, in circles."""
    text, parts = _tree(tree), ("<<: *x", "<<: [*x, *x]", "<<: 5", "<<: {a: 1}", "<<: [[*x]]", "<<: *nowhere", "y: *x")
    lines = text.splitlines()
    mappings = [k for k, line in enumerate(lines) if line.endswith(":") and k + 1 < len(lines)]
    at = random.choice(mappings)
    lines[at] += " &x"
    for _ in range(random.choice((1, 1, 2))):
        place = random.randrange(len(lines))
        indent = re.match(r"[ -]*", lines[place])
        lines.insert(place, (indent[0].replace("-", " ") if indent else "") + random.choice(parts))
    return "\n".join(lines) + "\n"


def _bomb(random: Random, tree: Any) -> str:
    """Aliases that repeat each other."""
    width, depth = random.choice((2, 10)), random.choice((3, 8, 19, 60))
    lines = ["a0: &a0 [x, x]", *(f"a{k + 1}: &a{k + 1} [{', '.join([f'*a{k}'] * width)}]" for k in range(depth))]
    text = _tree(tree)
    return "\n".join(lines) + "\n" + text.replace("\nassets:\n", f"\nassets: *a{depth}\nother:\n", random.randrange(2))


def _encoded(random: Random, tree: Any) -> bytes:
    text = _tree({**tree, "name": "Ω ä \U0001f600"})
    name = random.choice(
        ("utf-16", "utf-32", "utf-8-sig", "latin-1", "cp1252", "utf-7", "bytes", "nul", "nul", "empty")
    )
    content = text.encode("utf-8") if name in {"bytes", "nul", "empty"} else text.encode(name, "replace")
    at = random.randrange(len(content))
    junk = {"bytes": bytes(random.randrange(128, 256) for _ in range(3)), "nul": b"\0" * random.choice((1, 100))}
    return b"" if name == "empty" else content[:at] + junk.get(name, b"") + content[at:]


KINDS: Mapping[str, Callable[[Random, Any], str | bytes]] = MappingProxyType({
    "content": _content, "text": _text, "content and text": _both, "plausible": _plausible,
    "list or mapping": _value(HOLDERS),
    "unrendered": _value(UNRENDERED),
    "key": _key(KEYS),
    "tag": _value(TAGS), "date": _value(DATES), "name": _value(NAMES), "number": _value(NUMBERS), "nesting": _nested,
    "digits": _digits, "merge": _merged, "aliases": _bomb, "encoding": _encoded,
})  # fmt: skip
"""What can be wrong with a scenario file, by name."""


def changed_scenario(random: Random, kind: str | None = None, tree: Any = SCENARIO) -> tuple[str, bytes]:
    """A scenario file in which something was changed, and of which kind that is."""
    kind = kind or random.choice(list(KINDS))
    made = KINDS[kind](random, tree)
    return kind, made if isinstance(made, bytes) else made.encode("utf-8", "surrogatepass")
