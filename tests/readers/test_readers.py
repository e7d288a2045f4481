"""A few rounds of `tools/readers_run.py`, with the readers that are here."""

import subprocess
import sys

from tests.e2e.program import ENVIRONMENT, ROOT

SHORT = "--rounds 5 --reader feedparser --reader newsboat --reader sfeed"  # a change, a takedown


def test_readers_get_everything_once():
    """Title, author, link, date, enclosure, source, the newest text; nothing lost, twice, or back again."""
    done = subprocess.run(
        [sys.executable, "tools/readers_run.py", *SHORT.split()],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    said = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 rounds: 5 new, 2 changed, 1 taken down" in said
    assert [line.split()[1] for line in said if line.startswith("feedparser")] == ["atom", "rss"]
