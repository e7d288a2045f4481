"""`tools/replay.py`: what it takes for one entry and for an edit, and that it says what is wrong."""

import subprocess
import sys
import tarfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.histories.simulated import START, Article, atom, marked, rss
from tools.replay_evidence import Evidence, raws_of, seen_of

ROOT = Path(__file__).parents[2]


def article(number, **said):
    return replace(
        Article(
            number,
            f"Story {number}",
            marked(number, "As it was told."),
            f"/story-{number}",
            START - timedelta(days=number),
            guid=f"urn:x-article:{number}",
        ),
        **said,
    )


def series(directory, *versions, apart=timedelta(hours=3), write=rss):
    """A series of these documents in a folder; the folder."""
    directory.mkdir()
    for number, told in enumerate(versions):
        at = START + apart * number
        (directory / f"{at:%Y%m%dT%H%M%SZ}-{number}.xml").write_bytes(write(told, at))
    return directory


def replay(*places):
    """Exit status and what the command printed."""
    command = [sys.executable, str(ROOT / "tools" / "replay.py"), *map(str, places)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout


def column(printed):
    """The table of one series: row -> figure."""
    rows = (line.rsplit(maxsplit=1) for line in printed.splitlines() if line[:30].strip())
    return {row: int(figure) for row, figure in rows if figure.isdigit()}


HISTORY = (
    [article(1), article(2), article(3)],
    [article(4), article(1, date=START), article(2, title="Another title")],
    [],
    [article(3), article(4), article(1, text=marked(1, "Other words."))],
)


@pytest.mark.parametrize("write", [rss, atom])
def test_a_history_and_its_table(tmp_path, write):
    """Four versions from an archive: growth, a title, an empty feed, one that returns, a text."""
    folder = series(tmp_path / "living", *HISTORY, write=write)
    with tarfile.open(tmp_path / "living.tar.xz", "w:xz") as archive:
        archive.add(folder, arcname="living")
    status, printed = replay(tmp_path / "living.tar.xz")
    wanted = {
        "versions": 4, "empty or unreadable": 1, "entries seen": 9, "distinct entries": 4, "posts": 4,
        "New": 4, "Changed": 2, "edits": 2, "returns": 3, "problems": 0,
    }  # fmt: skip
    assert (status, {row: column(printed)[row] for row in wanted}) == (0, wanted)


def test_what_goes_wrong_is_said(tmp_path):
    """A version that could not be polled, here because it comes too soon, is a problem with its name."""
    status, printed = replay(series(tmp_path / "hasty", *HISTORY[:2], apart=timedelta(0)))
    assert status == 1
    assert column(printed)["problems"] == 1
    assert "20260301T060000Z-1.xml" in printed


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Rain \n today <br>Sun", "Rain today<br />Sun", True),
        ("<p>Rain</p> <p>Sun</p>", "<p>Rain</p><p>Sun</p>", True),
        ("<span>Rain</span>", "Rain", True),
        ('<img src="/a?utm_source=x">', '<img src="/a?">', True),
        ("<b>Rain</b>", "Rain", False),
        ("<b>a</b> b", "<b>a</b>b", False),
        ("<pre>a  b</pre>", "<pre>a b</pre>", False),
        ('<img src="/a">', '<img src="/b">', False),
        ("Rain", "Snow", False),
    ],
)
def test_what_a_reader_sees(one, other, same):
    """White space, wrappers and trackers are not seen; words, emphasis, pictures and links are."""
    assert (seen_of(one) == seen_of(other)) is same


def test_which_entries_are_one():
    """The same guid, or another guid with the same link and title where the old one is gone."""
    evidence = Evidence()
    versions = (
        ([article(1), article(2)], [None, None]),
        ([article(1, title="Another"), article(2, guid="urn:x-new:2")], ["Story 1", "Story 2"]),
        ([article(2, guid="urn:x-third:2"), article(2, guid="urn:x-new:2")], [None, "Story 2"]),
    )
    for number, (told, known) in enumerate(versions):
        raws = raws_of(rss(told, START))
        found = evidence.of(raws, number)
        assert [before and before.raw.title for _, before in found] == known
        for raw, before in found:
            evidence.note(raw, before, number, raws)
    assert (len(evidence.entries), evidence.rekeyed) == (3, 1)
