"""Many wrong inputs for every reader, counted: `python -m tests.fuzz.campaign [N] [SEED]`, as `make fuzz` does.

`--files M` tries M files of each reader and M damaged results, `--run R` runs R changed scenarios that are valid. Ends
with status 1 if anything but a refusal or a reading happened: another exception, or more than `LONGEST_S`.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from typing import Any

from app.scenario import load_scenario
from grid.errors import InputError
from grid.sharing import sharing_preparation
from tests.app.synthetic_results import write_synthetic
from tests.fuzz.mutants import changed_bytes, changed_text, changed_tree
from tests.fuzz.readers import Reader, readers
from tests.fuzz.results import damage, read_result
from tests.fuzz.running import accepted, run_whole
from tests.fuzz.scenarios import changed_scenario

LONGEST_S = 10.0
"""Processor time beyond which an input counts as one that hangs [s]."""
LONGEST_RUN_S = 60.0
"""The same of a run of one day on a small net [s]."""
GIVEN_UP_S = 300
"""Time after which an input is given up [s]."""
REFUSED = "refused"


class GivenUpError(Exception):
    """An input took too long."""


def changed_content(random: Random, reader: Reader) -> tuple[str, bytes]:
    """A file for a reader in which something was changed, and of which kind that is: bytes, text, or tables."""
    how = random.randrange(4)
    if reader.name == "net.json" and how > 1:
        net = json.loads(reader.content)
        name = random.choice(("bus", "load", "sgen", "line", "trafo", "ext_grid", "storage", "switch", "controller"))
        if random.random() < 0.1:
            del net["_object"][name]
            return "no table", json.dumps(net).encode()
        table = net["_object"][name]
        table["_object"] = _json(changed_tree(random, json.loads(table["_object"])))
        return "table", _json(net if how == 2 else changed_tree(random, net)).encode()
    if how == 0 or reader.packed:
        return "bytes", changed_bytes(random, reader.content)
    encoding = random.choice(("utf-8", "utf-8", "utf-8", "utf-16", "latin-1"))
    errors = "surrogatepass" if encoding == "utf-8" else "replace"
    return f"text, {encoding}", changed_text(random, reader.content.decode()).encode(encoding, errors)


def _json(tree: Any) -> str:
    """A changed tree as JSON; dates as text, without what cannot be a key."""
    return json.dumps(tree, default=str, skipkeys=True)


class Tally:
    """What became of the inputs of one reader, by the kind of change."""

    def __init__(self, name: str, longest_s: float = LONGEST_S, right: str | None = REFUSED) -> None:
        """Counts nothing yet.

        Args:
            name: What reads.
            longest_s: Processor time beyond which an input counts as one that hangs [s].
            right: How an `InputError` is called; None where it should not happen.
        """
        self.name, self.longest_s, self.right = name, longest_s, right
        self.ends: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.examples: dict[str, str] = {}

    def try_one(self, seed: int, kind: str, read: Callable[[], object]) -> None:
        """Reads one input, and counts how that ended."""
        begun = time.process_time()
        signal.alarm(GIVEN_UP_S)
        try:
            found = read()
            end = found if isinstance(found, str) else "read"
        except InputError as error:
            str(error).encode()
            end = self.right or "refused late"
            if self.right is None:
                self.examples.setdefault(end, f"seed {seed}, {kind}\n{error}")
        except Exception as error:  # what this is here to find
            end = f"{type(error).__name__} at {traceback.extract_tb(error.__traceback__)[-1].name}"
            self.examples.setdefault(end, f"seed {seed}, {kind}\n{traceback.format_exc()}")
        finally:
            signal.alarm(0)
        if time.process_time() - begun > self.longest_s:
            self.ends["hang"] += 1
            self.examples.setdefault("hang", f"seed {seed}, {kind}: {time.process_time() - begun:.0f} s, then {end}")
        self.ends[end] += 1
        self.kinds[f"{kind}: {end}" if end in {"read", REFUSED} else f"{kind}: other"] += 1

    def __str__(self) -> str:
        ends = ", ".join(f"{count:,} {end}" for end, count in self.ends.most_common())
        return f"{self.name}: {ends}\n    " + ", ".join(f"{kind} {n:,}" for kind, n in sorted(self.kinds.items()))


def scenarios(seeds: Iterable[int], folder: Path) -> Tally:
    """Tries changed scenarios."""
    tally, path = Tally("scenarios"), folder / "scenario.yaml"
    for seed in seeds:
        kind, content = changed_scenario(Random(seed))
        path.write_bytes(content)
        tally.try_one(seed, kind, lambda: load_scenario(path))
    return tally


def files(reader: Reader, seeds: Iterable[int], folder: Path) -> Tally:
    """Tries changed files of one reader."""
    tally, path = Tally(reader.name), folder / reader.name
    for name, content in reader.beside.items():
        (folder / name).write_bytes(content)
    for seed in seeds:
        kind, content = changed_content(Random(seed), reader)
        path.write_bytes(content)
        tally.try_one(seed, kind, lambda: reader.read(path))
    return tally


def results(seeds: Iterable[int], folder: Path) -> Tally:
    """Tries damaged results."""
    tally, right = Tally("results"), folder / "right"
    write_synthetic(right, "unmanaged")
    for seed in seeds:
        with tempfile.TemporaryDirectory(dir=folder) as place:
            copy = Path(place) / "result"
            shutil.copytree(right, copy)
            tally.try_one(seed, damage(Random(seed), copy), lambda copy=copy: read_result(copy))
    return tally


def runs(n: int, first_seed: int, folder: Path) -> Tally:
    """Runs `n` changed scenarios that are valid."""
    tally = Tally("runs", LONGEST_RUN_S, None)
    found = accepted(itertools.count(first_seed), folder / "scenario.yaml")
    for seed, kind, loaded in itertools.islice(found, n):
        with tempfile.TemporaryDirectory(dir=folder) as out:
            tally.try_one(seed, kind, lambda loaded=loaded, out=out: run_whole(loaded, Path(out) / "result"))
    return tally


def main() -> None:
    """Runs a campaign and prints what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("n", nargs="?", type=int, default=20_000, help="scenarios")
    parser.add_argument("seed", nargs="?", type=int, default=0, help="first seed")
    parser.add_argument("--files", type=int, help="files of each reader; default: a twentieth of the scenarios")
    parser.add_argument("--only", help="readers whose names contain this")
    parser.add_argument("--run", type=int, default=0, help="changed scenarios that are valid, to run")
    given = parser.parse_args()
    signal.signal(signal.SIGALRM, _give_up)
    n_files = max(1, given.n // 20) if given.files is None else given.files
    seeds, of_files = range(given.seed, given.seed + given.n), range(given.seed, given.seed + n_files)
    chosen = [reader for reader in readers() if n_files and (given.only or "") in reader.name]
    found = False
    with tempfile.TemporaryDirectory() as place, sharing_preparation():
        folder = Path(place)
        campaigns: list[Callable[[], Tally]] = [lambda: scenarios(seeds, folder)] if given.n else []
        campaigns += [lambda reader=reader: files(reader, of_files, folder) for reader in chosen]
        campaigns += [lambda: results(of_files, folder)] if n_files and (given.only or "") in "results" else []
        campaigns += [lambda: runs(given.run, given.seed, folder)] if given.run else []
        for campaign in campaigns:
            tally = campaign()
            found = found or bool(tally.examples)
            sys.stdout.write(f"{tally}\n")
            sys.stdout.writelines(f"  {end}: {example}\n" for end, example in tally.examples.items())
            sys.stdout.flush()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"{time.process_time():,.0f} s of processor time, peak memory {peak_mb:,.0f} MB\n")
    sys.exit(found)


def _give_up(_number: int, _frame: object) -> None:
    raise GivenUpError


if __name__ == "__main__":
    main()
