#!/usr/bin/env python3
"""Look at our pages in a real browser, with axe-core, and take the pictures of the README.

    tools/pages_run.py [--pictures docs/screenshots]

Installs axe-core (MPL-2.0, its licence beside it) from the npm registry into `node_modules/`, where
`tests/pages` finds it, and runs those tests: no violation of any rule, nothing that scrolls sideways, no
request to anywhere else, focus that can be seen, each language in its direction, paper. With `--pictures` it
also publishes the feeds in `examples/` and takes pictures of the home page and of a category. Needs Chromium
and npm, and for the pictures a font with Han characters. Exit status 1 if a test fails, 2 if something is
missing.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.e2e.program import ROOT, Place
from tests.pages.eye import DESK, PHONE, Window
from tests.xss.browser import CHROMIUM, HOST, Pages

AXE = "axe-core@4.14.1"
CONFIG = f"""\
site: {{title: Feeds in one place, url: 'https://news.example.org/', timezone: Asia/Shanghai}}
server: {{listen: '127.0.0.1:0', admin: 'off'}}
categories:
  product:
    title: About this program
    description: How the aggregator works, told by a feed that comes with it.
    feeds: ['file:{ROOT}/examples/how-it-works.xml']
  yongfa:
    title: 用法
    description: 每条讲一个用法，随程序一起提供。
    language: zh-CN
    feeds: [{{url: 'file:{ROOT}/examples/yongfa.xml', tags: ['{{term}}']}}]
"""
PICTURES = (  # file, page, width, height, dark
    ("home-desk-light.png", "index.html", DESK, 640, False),
    ("home-phone-dark.png", "index.html", PHONE, 720, True),
    ("category-desk-light.png", "category/product/index.html", DESK, 640, False),
    ("category-phone-dark.png", "category/yongfa/index.html", PHONE, 720, True),
)


def missing() -> str:
    """What is needed and not there, and how to get it."""
    if not CHROMIUM:
        return "no Chromium here (apt-get install chromium)"
    if not shutil.which("npm"):
        return "no npm here (apt-get install npm)"
    return ""


def take_pictures(directory: Path) -> None:
    """Publish the examples with the real program, and take the pictures of what it wrote."""
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, Pages() as pages:
        place = Place(name)
        place.write("", CONFIG)
        done = place.run("once")
        if done.returncode:
            sys.exit(done.stdout + done.stderr)
        for path, body in place.documents().items():
            pages.put(path, body)
        with Window(pages, Path(name, "profile")) as window:
            for file, path, width, height, dark in PICTURES:
                with window.open(f"http://{HOST}/{path}", width, height, dark=dark):
                    (directory / file).write_bytes(window.picture(whole=False))
                    print(directory / file)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=Path, help="also take the pictures, into this directory")
    options = parser.parse_args()
    if lacking := missing():
        print(lacking, file=sys.stderr)
        return 2
    npm = ["npm", "install", "--no-save", "--ignore-scripts", "--silent", "--prefix", ROOT, AXE]
    if subprocess.run(npm, check=False).returncode:
        print(f"{AXE} could not be installed", file=sys.stderr)
        return 2
    if options.pictures:
        take_pictures(options.pictures)
    return subprocess.run([sys.executable, "-m", "pytest", "tests/pages"], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
