#!/usr/bin/env python3
"""How many syndicated copies are found and merged, and how many posts that only look like copies, by kind.

    tools/dedupe_eval.py [--shared DIR] [--pairs N] [--seed S] [--verbose]

Judges N pairs of each kind that `dedupe_made.py` makes from the seed, and the labelled articles of
DIR/mccormick.tar.xz where that is present. A pair is merged if the bands of both share one and the
comparison finds nothing against it. Exit status 1 where a mark is missed: 95 % of the copies of a kind, 1 %
of the others.
"""

from __future__ import annotations

import argparse
import collections
import io
import itertools
import sys
import tarfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dedupe_made import Pair, pairs

from aggregator.dedupe.shingles import bands
from aggregator.dedupe.similarity import Telling, compare

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "neardup"
RECALL, FALSE = 0.95, 0.01


@dataclass(slots=True)
class Row:
    """What became of the pairs of one kind."""

    same: bool
    pairs: int = 0
    found: int = 0
    merged: int = 0
    whys: collections.Counter[str] = field(default_factory=collections.Counter)

    @property
    def share(self) -> float:
        """Recall of copies, or the share of false merges."""
        return self.merged / self.pairs

    @property
    def missed(self) -> bool:
        """Whether it misses its mark."""
        return self.share < RECALL if self.same else self.share > FALSE


def judged(made: Iterable[Pair], verbose: bool = False) -> dict[tuple[str, str], Row]:
    """A row for each kind and language."""
    rows: dict[tuple[str, str], Row] = {}
    for pair in made:
        row = rows.setdefault((pair.kind, pair.language), Row(pair.same))
        row.pairs += 1
        found = not set(bands(pair.one.text)).isdisjoint(bands(pair.other.text))
        told = compare(Telling(pair.one.title, pair.one.text), Telling(pair.other.title, pair.other.text))
        row.found += found
        row.merged += found and told.same
        if pair.same:
            row.whys[told.against.split(":")[0] if found else "not found"] += 1
        if verbose and (found and told.same) != pair.same:
            print(f"--- {pair.kind} ({pair.language}), found {found}, {told}", file=sys.stderr)
            print(
                f"{pair.one.title}\n{pair.one.text}\n{pair.other.title}\n{pair.other.text}", file=sys.stderr
            )
    return rows


def articles(archive: Path) -> Iterator[tuple[str, dict[str, str], set[frozenset[str]]]]:
    """(name, texts by id, pairs that are copies) of each set in the archive."""
    with tarfile.open(archive) as opened:
        members = {Path(m.name).name: m for m in opened.getmembers() if m.isfile()}

        def lines(name: str) -> list[str]:
            file = opened.extractfile(members[name])
            return [] if file is None else io.TextIOWrapper(file, encoding="utf-8").read().splitlines()

        for name in sorted(members):
            if name.endswith(".train"):
                texts = dict(line.split(" ", 1) for line in lines(name))
                truth = name.replace(".train", ".truth")
                planted = lines(truth if truth in members else "articles_10000.truth")
                whole = {frozenset(line.split()) for line in planted}
                yield name, texts, {pair for pair in whole if pair <= texts.keys()}


def of_articles(texts: dict[str, str], copies: set[frozenset[str]]) -> tuple[Row, Row]:
    """(copies, all other pairs), judged without titles, as these articles have none."""
    by_band: dict[int, list[str]] = collections.defaultdict(list)
    for name, text in texts.items():
        for band in bands(text):
            by_band[band].append(name)
    found = {frozenset(two) for names in by_band.values() for two in itertools.combinations(names, 2)}
    merged = {pair for pair in found if compare(*(Telling("", texts[name]) for name in sorted(pair))).same}
    everything = len(texts) * (len(texts) - 1) // 2
    return (
        Row(True, len(copies), len(found & copies), len(merged & copies)),
        Row(False, everything - len(copies), len(found - copies), len(merged - copies)),
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--pairs", type=int, default=500, help="of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verbose", action="store_true", help="show each pair that is judged wrongly")
    asked = parser.parse_args()

    begun = time.perf_counter()
    rows = judged(pairs(asked.pairs, asked.seed), asked.verbose)
    took = time.perf_counter() - begun
    print(f"{'kind':<42}{'pairs':>9}{'found':>9}{'merged':>9}{'share':>9}")
    for same in (True, False):
        print("copies, recall" if same else "others, false merges")
        for (kind, language), row in sorted(rows.items()):
            if row.same == same:
                _print(f"  {kind} ({language})", row)
    total = sum(row.pairs for row in rows.values())
    print(f"{total} pairs in {took:.1f} s")
    everything = list(rows.values())

    archive = asked.shared / "mccormick.tar.xz"
    if archive.exists():
        for name, texts, copies in articles(archive):
            for what, row in zip(("copies", "others"), of_articles(texts, copies), strict=True):
                _print(f"{name}, {what}", row)
                everything.append(row)
    else:
        print(f"{archive} is absent: not judged")
    missed = [row for row in everything if row.missed]
    print(f"{len(missed)} of {len(everything)} marks missed" if missed else "all marks reached")
    return 1 if missed else 0


def _print(what: str, row: Row) -> None:
    whys = ", ".join(f"{n} {why}" for why, n in row.whys.most_common() if why) if row.missed else ""
    mark = f"  MISSED {whys}" if row.missed else ""
    print(f"{what:<42}{row.pairs:>9}{row.found:>9}{row.merged:>9}{row.share:>9.4f}{mark}")


if __name__ == "__main__":
    sys.exit(main())
