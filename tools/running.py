"""A daemon under watch, and the origin that it polls: what `reload_run` and `soak_run` have in common."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
WORK = 400_000
"""Steps of the work that tells how busy the machine is: some hundredths of a second."""


@contextlib.contextmanager
def origin(folder: Path, growth: float, phase: float) -> Iterator[tuple[int, Path]]:
    """`changing_origin` in a process of its own: its port, and where it writes what it was asked."""
    log = folder / "asked"
    log.touch()
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.changing_origin", str(log), str(growth), str(phase)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline()), log
    finally:
        process.kill()
        process.wait()


def asked(log: Path) -> dict[str, list[tuple[float, str]]]:
    """When each path was asked for (monotonic seconds), and what it answered then."""
    found: defaultdict[str, list[tuple[float, str]]] = defaultdict(list)
    for line in log.read_text().splitlines():
        moment, path, kind = line.split(" ")
        found[path].append((float(moment), kind))
    return found


def busyness() -> float:
    """How much longer a piece of work takes than the processor needs for it: 1 where nothing else runs."""
    wall, own, total = time.perf_counter(), time.process_time(), 0
    for step in range(WORK):
        total += step
    return (time.perf_counter() - wall) / max(1e-9, time.process_time() - own)
