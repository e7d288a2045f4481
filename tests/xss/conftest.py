"""A missing browser is said, as a skipped test alone says nothing."""

from tests.xss.browser import CHROMIUM


def pytest_terminal_summary(terminalreporter):
    """One line, where these tests were skipped."""
    if not CHROMIUM and any("tests/xss" in each.nodeid for each in terminalreporter.stats.get("skipped", ())):
        terminalreporter.write_line(
            "no Chromium here, so nothing was opened in a browser (apt-get install chromium)"
        )
