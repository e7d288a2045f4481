"""Whatever a feed does, reading only what is new comes to the same as reading all of it every time."""

import lzma
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator.model import Fetched, Hints, Validators
from tests.histories.side_by_side import SideBySide
from tests.histories.simulated import URL, LivingSource

SERIES = Path(__file__).parents[3] / "shared" / "pollseq"
POLLS = 150
VERSIONS = 60


@pytest.mark.parametrize("updates", ["replace", "ignore"])
@pytest.mark.parametrize("rekeys", [False, True])
def test_a_living_source(tmp_path, rekeys, updates):
    """It grows, is edited, re-dated, reordered, cut short, re-keyed, and moves to other hosts."""
    source = LivingSource(7 if rekeys else 11, rekeys=rekeys)
    with SideBySide(tmp_path, updates=updates) as both:
        for _ in range(POLLS):
            both.poll(source.poll(both.quick.clock.now()).result)
        both.check_stores()
        assert both.quick.reader.spared > both.whole.reader.read_posts / 4
        assert both.whole.reader.spared == 0


@pytest.mark.parametrize("name", ["economist", "ft-home"])
def test_a_real_source(tmp_path, name):
    """Two real feeds, as they were over weeks."""
    archive = SERIES / f"{name}.tar.xz"
    if not archive.exists():
        pytest.skip("the series are not here")
    with SideBySide(tmp_path) as both, lzma.open(archive) as raw, tarfile.open(fileobj=raw) as members:
        files = sorted((m for m in members.getmembers() if m.isfile()), key=lambda m: Path(m.name).name)
        for member in files[:VERSIONS]:
            body = members.extractfile(member).read()
            at = datetime.strptime(Path(member.name).name[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            for world in (both.quick, both.whole):
                world.clock.advance(seconds=max(0, (at - world.clock.now()).total_seconds()))
            both.poll(Fetched(body, "application/rss+xml", URL, Validators(f'"{at}"'), Hints()))
        both.check_stores()
        assert both.quick.reader.spared > 5 * both.quick.reader.read_posts
