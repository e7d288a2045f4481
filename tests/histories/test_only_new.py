"""Whatever a feed does, reading only what is new comes to the same as reading all of it every time."""

import lzma
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator.model import Fetched, Hints, New, Unchanged, Validators
from tests.histories.side_by_side import SideBySide
from tests.histories.simulated import URL, LivingSource
from tests.pipeline import given
from tests.pipeline.given import fetched, item, rss

SERIES = Path(__file__).parents[3] / "shared" / "pollseq"
POLLS = 100
VERSIONS = 60
DATE = "Sun, 01 Feb 2026 10:00:00 GMT"


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
        assert both.quick.reader.spared > 2 * both.quick.reader.read_posts


def test_what_has_to_do_with_a_stored_post_of_a_known_item(tmp_path):
    """A new entry has the title of one that was not read: whether they are one takes the whole document."""
    items = [item(name, date=DATE) for name in "ab"]
    with SideBySide(tmp_path, url=given.URL) as both:
        both.poll(fetched(rss(*items)))
        outcome = both.poll(fetched(rss(item("c", title="Title a", date=DATE), *items)))
        assert [type(verdict) for verdict in outcome.verdicts] == [New, Unchanged, Unchanged]
        assert both.why == "an entry has to do with what is stored of another one"
        outcome = both.poll(fetched(rss(item("d", date=DATE), item("c", title="Title a", date=DATE), *items)))
        assert both.why == ""
        assert both.quick.reader.read_posts == 2 + 1 + 3 + 1
        both.check_stores()
