#!/usr/bin/env python3
"""Serve every file of a directory over loopback, run `aggregator once` over them, and judge what comes.

    tools/corpus_run.py DIR [--rng atom.rng] [--validator W3C_SOURCE [--validator-python PYTHON]]
                        [--keep WORK] [--verbose]

Every file is one source; its category is its top folder. What our parser finds in a file (in a process of
its own, under a deadline) is held against what became of it, each Atom document, archives too, against the
RELAX NG schema of RFC 4287, each JSON Feed against its specification, and (where its source is given) Atom
and RSS against the W3C validator. Then all sources are polled again twice: as they are, and with a comment
(JSON: a line) more at the end, so that every body is judged anew; neither may add a post or change a byte of
an output document. Exit status 1 if anything stays unexplained.
What every post must be, and what feedparser alone finds in each file, is judged by `corpus_judge.py`.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import contextlib
import hashlib
import http.server
import json
import mimetypes
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pebble
import yaml
from corpus_judge import found_by_feedparser, posts_judged
from lxml import etree

from aggregator.model import Fetched, Hints, Unreadable, Url, Validators
from aggregator.parse import parse
from aggregator.parse.hooks import MOST_ENTRIES
from tests.publish import json_feed_rules

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
FIRST_BYTES_OF_HTML = re.compile(rb"\s*<(!doctype html|html)", re.IGNORECASE)
AT_ONCE = 100  # documents in one command
COMMENT = b"\n<!-- served again -->\n"
TYPES = {
    ".rss": "application/rss+xml",
    ".atom": "application/atom+xml",
    ".rdf": "application/rdf+xml",
    ".xml": "application/xml",
    ".json": "application/json",
}


def media_type(path: Path, body: bytes) -> str:
    """What a server would usually say; a file without a telling name is looked at."""
    if path.suffix.lower() in TYPES:
        return TYPES[path.suffix.lower()]
    guessed = mimetypes.guess_type(path.name)[0]
    if guessed:
        return guessed
    return "text/html" if FIRST_BYTES_OF_HTML.match(body) else "application/xml"


class Origin(http.server.ThreadingHTTPServer):
    """Serves the files with ETags; `again` changes every XML or JSON body without changing what it says."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, root: Path, files: Sequence[Path]) -> None:
        self.files = {"/" + path.relative_to(root).as_posix(): path for path in files}
        self.again = False
        self.answers: collections.Counter[int] = collections.Counter()
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{quote(path)}"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Origin

    def do_GET(self) -> None:
        path = self.server.files.get(unquote(self.path))
        if path is None:
            self._answer(404, b"", {})
            return
        body = path.read_bytes()
        kind = media_type(path, body)
        if self.server.again and b"\0" not in body[:8]:
            body += COMMENT if "xml" in kind else b"\n" if "json" in kind else b""
        etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
        if self.headers.get("If-None-Match") == etag:
            self._answer(304, b"", {"ETag": etag})
        else:
            self._answer(200, body, {"ETag": etag, "Content-Type": kind})

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.server.answers[status] += 1
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@dataclass
class Outcome:
    """One file: what is in it, and what became of it."""

    path: str
    readable: bool = False
    entries: int = 0
    alone: int = 0  # that feedparser finds by itself
    reason: str = ""  # why our parser reads no feed in it
    posts: int = 0
    counts: dict[str, int] = field(default_factory=dict)  # verdicts of the first poll
    error: str = ""
    unread: list[str] = field(default_factory=list)

    @property
    def unexplained(self) -> str:
        """What nobody has given a reason for; empty if all is well."""
        if self.readable and self.error:
            return f"the parser can read it, the poll could not: {self.error}"
        if not self.readable and not self.error:
            return f"the parser cannot read it ({self.reason}), the poll says nothing"
        if self.entries < min(self.alone, MOST_ENTRIES):
            return f"feedparser finds {self.alone} entries, we {self.entries}"
        judged = sum(self.counts.values()) + len(self.unread)
        if self.readable and judged != self.entries:
            return f"{self.entries} entries, but {judged} judged or left out with a reason"
        if self.entries and not self.posts and not self.unread and not self.counts.get("rejected"):
            return f"{self.entries} entries, no post"
        return ""


def looked_at(path: str, url: str) -> tuple[bool, int, str, int]:
    """(is it a feed, its entries, why not) by our parser alone, entries by feedparser's; runs in a worker."""
    body = Path(path).read_bytes()
    kind = media_type(Path(path), body)
    parsed = parse(Fetched(body, kind, Url(url), Validators(), Hints()))
    alone = found_by_feedparser(body, kind, url)
    if isinstance(parsed, Unreadable):
        return False, 0, parsed.reason, alone
    return True, len(parsed.entries) + len(parsed.unread), "", alone


def parsed_files(files: Sequence[Path], origin: Origin) -> dict[str, Outcome]:
    """Our parser over every file, each under a deadline."""
    outcomes: dict[str, Outcome] = {}
    with pebble.ProcessPool(max_workers=os.cpu_count() or 1) as pool:
        futures = {
            name: pool.schedule(looked_at, args=(str(path), origin.url(name)), timeout=20)
            for name, path in origin.files.items()
        }
        for name, future in futures.items():
            outcomes[name] = outcome = Outcome(name)
            try:
                outcome.readable, outcome.entries, outcome.reason, outcome.alone = future.result()
            except concurrent.futures.TimeoutError:
                outcome.reason = "the parser takes more than 20 s"
            except pebble.ProcessExpired as death:
                outcome.reason = f"the parser's process died: {death}"
    return outcomes


class Workspace:
    """A directory with a feeds.yaml, and the command that works on it."""

    def __init__(self, directory: Path, origin: Origin) -> None:
        self.directory = directory
        feeds = [
            {"url": origin.url(name), "category": name.split("/")[1] if name.count("/") > 1 else "files"}
            for name in origin.files
        ]
        document = {
            "site": {"title": "Corpus", "url": "https://news.example.org/"},
            "polling": {"per_host": 8, "per_host_gap": "0s"},
            "output": {"entries": 40, "formats": ["atom", "html"]},  # most posts are in archives
            # A floor of a second, so that a second run may ask again; loopback is a private address.
            "defaults": {"private": True, "every": "1s", "insist": True},
            "feeds": feeds,
        }
        text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
        (directory / "feeds.yaml").write_text(text, encoding="utf-8")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "aggregator", "-c", "feeds.yaml", *command],
            cwd=self.directory,
            capture_output=True,
            text=True,
            check=False,
        )

    def status(self) -> list[dict[str, Any]]:
        """The sources, in the order of the file."""
        done = self.run("status", "--json")
        if done.returncode:
            raise SystemExit(f"`status --json` failed: {done.stderr[-2000:]}")
        sources: list[dict[str, Any]] = json.loads(done.stdout)["sources"]
        return sorted(sources, key=lambda source: source["position"])

    def public(self) -> dict[str, str]:
        """Every published file with a digest of its bytes."""
        root = self.directory / "public"
        return {
            path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(root.rglob("*"))
            if path.is_file()
        }

    def written(self, kind: str) -> list[Path]:
        return sorted((self.directory / "public").rglob(f"*.{kind}"))


def took_over(outcomes: dict[str, Outcome], sources: Sequence[dict[str, Any]]) -> None:
    """Enter what `status` says of each source into the outcome of its file."""
    for outcome, source in zip(outcomes.values(), sources, strict=True):
        outcome.posts = source["posts"]
        outcome.error = source["error"]
        outcome.unread = [entry["reason"] for entry in source["unread"]]
        outcome.counts = {name: int(n) for n, name in re.findall(r"(\d+) (\w+)", source["result"])}


def schema_errors(documents: Sequence[Path], rng: Path) -> list[str]:
    """Documents that the RELAX NG schema refuses, with the first reason."""
    schema = etree.RelaxNG(etree.parse(rng))
    errors = []
    for path in documents:
        try:
            document = etree.parse(
                path, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
            )
        except etree.XMLSyntaxError as error:
            errors.append(f"{path.name}: {error}")
            continue
        if not schema.validate(document):
            first = schema.error_log[0]
            errors.append(f"{path.parent.name}/{path.name}: line {first.line}: {first.message}")
    return errors


def validator_says(
    documents: Sequence[Path], source: Path, python: str, script: Path, rng: Path | None
) -> dict[str, list[tuple[str, str]]]:
    """What the W3C feed validator says of each document, by severity: (document, what)."""
    environment = {**os.environ, "FEEDVALIDATOR_SRC": str(source)}
    if rng:
        environment["ATOM_RNG"] = str(rng)
    said: dict[str, list[tuple[str, str]]] = {"error": [], "warning": []}
    for start in range(0, len(documents), AT_ONCE):
        some = [str(path) for path in documents[start : start + AT_ONCE]]
        command = [python, str(script), "--json", *([] if rng else ["--no-rng"]), *some]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        reports = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode not in (0, 1) or len(reports) != len(some):
            said["error"].append((some[0], f"the validator could not run: {done.stderr[-500:]}"))
            continue
        for report in reports:
            for severity, name, text in report["findings"]:
                # It reads nothing past a size; schema and rules, which its wrapper adds, did judge that.
                severity = "gave up" if name == "ValidatorLimit" else severity
                said.setdefault(severity, []).append((Path(report["file"]).parent.name, f"{name}: {text}"))
    return said


def kind_of(reason: str) -> str:
    """A reason without what is particular to one file."""
    reason = re.sub(r"https?://\S+|'[^']*'|\"[^\"]*\"", "…", reason)
    return re.sub(r"\d+", "N", reason)[:90]


def show(title: str, reasons: Sequence[tuple[str, str]], verbose: bool) -> None:
    """Reasons with how often they occur and one example."""
    by_kind: dict[str, list[tuple[str, str]]] = {}
    for where, reason in reasons:
        by_kind.setdefault(kind_of(reason), []).append((where, reason))
    print(f"  {title}: {len(reasons)}")
    for kind, found in sorted(by_kind.items(), key=lambda item: -len(item[1])):
        print(f"    {len(found):5}  {kind}   e.g. {found[0][0]}")
        for where, reason in found if verbose else ():
            print(f"             {where}: {reason}")


def report(outcomes: Sequence[Outcome], seconds: float, verbose: bool) -> None:
    """The table."""
    counts: collections.Counter[str] = collections.Counter()
    for outcome in outcomes:
        counts.update(outcome.counts)
    rows = {
        "files": len(outcomes),
        "usable feeds": sum(o.readable for o in outcomes),
        "entries": sum(o.entries for o in outcomes),
        "entries by feedparser alone": sum(o.alone for o in outcomes),
        "... in files that are no feed": sum(o.alone for o in outcomes if not o.readable),
        "posts stored": sum(o.posts for o in outcomes),
        "new posts": counts["new"],
        "duplicates": counts["duplicate"],
        "the same again in one file": counts["unchanged"] + counts["changed"],
        "rejected": counts["rejected"],
    }
    for name, value in rows.items():
        print(f"  {name:30} {value:8}")
    print(f"  {'wall time of the first run':30} {seconds:8.1f} s")
    show("entries left out", [(o.path, reason) for o in outcomes for reason in o.unread], verbose)
    show("failures", [(o.path, o.error) for o in outcomes if o.error], verbose)


def complaints(done: subprocess.CompletedProcess[str], what: str) -> list[str]:
    """A run that failed, and what it logged as an error: faults of ours, as sources' trouble is no error."""
    if done.returncode or "Traceback" in done.stderr:
        return [f"{what}: ended with {done.returncode}: {done.stderr[-2000:]}"]
    return [f"{what}: {line}" for line in done.stderr.splitlines() if " ERROR " in line]


def polled_again(workspace: Workspace, origin: Origin, outcomes: dict[str, Outcome], what: str) -> list[str]:
    """Poll everything once more; what it changed, which should be nothing."""
    before = workspace.public()
    origin.answers.clear()
    done = workspace.run("once", "--all")
    trouble = complaints(done, what)
    after = workspace.public()
    # But for status.atom: a source that fails for the third time is news there.
    posts = {path for path in {*before, *after} if not path.startswith("status.atom")}
    changed = sorted(path for path in posts if before.get(path) != after.get(path))
    trouble += [f"{what}: {path} changed" for path in changed]
    for outcome, source in zip(outcomes.values(), workspace.status(), strict=True):
        if source["posts"] != outcome.posts:
            trouble.append(f"{what}: {outcome.path} had {outcome.posts} posts, has {source['posts']}")
    answers = ", ".join(f"{n} x {status}" for status, n in sorted(origin.answers.items()))
    print(f"  {what:28} {len(changed)} files changed (answers: {answers or 'none'})")
    return trouble


@contextlib.contextmanager
def directory_for(keep: Path | None) -> Iterator[Path]:
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
    else:
        with tempfile.TemporaryDirectory(prefix="corpus-run-") as made:
            yield Path(made)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("directory", type=Path, help="every file below it is a source")
    parser.add_argument("--rng", type=Path, default=SHARED / "atom.rng", help="RELAX NG schema of RFC 4287")
    parser.add_argument("--validator", type=Path, help="directory of the W3C feed validator's source")
    parser.add_argument("--validator-python", default=sys.executable, help="what runs it (needs html5lib)")
    parser.add_argument("--script", type=Path, default=SHARED / "tools/validate_atom.py", help="its wrapper")
    parser.add_argument("--keep", type=Path, help="work in this new directory and leave it there")
    parser.add_argument("--verbose", action="store_true", help="every reason of every file")
    given = parser.parse_args()
    files = sorted(path for path in given.directory.rglob("*") if path.is_file())
    origin = Origin(given.directory, files)
    outcomes = parsed_files(files, origin)
    rng = given.rng if given.rng.is_file() else None
    trouble: list[str] = []
    with directory_for(given.keep) as directory:
        workspace = Workspace(directory, origin)
        started = time.monotonic()
        done = workspace.run("once")
        seconds = time.monotonic() - started
        trouble += complaints(done, "first run")
        took_over(outcomes, workspace.status())
        print(f"corpus_run: {given.directory.name}")
        report(list(outcomes.values()), seconds, given.verbose)
        trouble += [f"{o.path}: {o.unexplained}" for o in outcomes.values() if o.unexplained]
        counts, wrong = posts_judged(directory / "data/aggregator.db", datetime.now(UTC))  # noqa: TID251
        print(f"  looked at: {', '.join(f'{n} {what}' for what, n in counts.items())}")
        show("posts that are not what a post must be", wrong, given.verbose)
        trouble += [f"{unquote(urlsplit(url).path)}: {what}" for url, what in wrong]
        documents = workspace.written("atom")
        invalid = schema_errors(documents, rng) if rng else []
        verdict = f"invalid: {len(invalid)}" if rng else "not checked (no --rng)"
        print(f"  output documents: {len(documents)}, {verdict}")
        for path in workspace.written("json"):
            invalid += [
                f"{path.parent.name}/{path.name}: {what}"
                for what in json_feed_rules.complaints(path.read_bytes())
            ]
        if given.validator:
            python = given.validator_python
            both = [*documents, *workspace.written("rss")]
            said = validator_says(both, given.validator, python, given.script, rng)
            for severity, reasons in said.items():
                show(f"W3C validator: {severity}", reasons, given.verbose)
            invalid += [f"{where}: {what}" for where, what in said["error"]]
        trouble += invalid
        trouble += polled_again(workspace, origin, outcomes, "polled again")
        origin.again = True
        trouble += polled_again(workspace, origin, outcomes, "polled with other bytes")
    origin.shutdown()
    print(f"  unexplained: {len(trouble)}")
    for line in trouble if given.verbose else trouble[:40]:
        print(f"    {line}")
    return 1 if trouble else 0


if __name__ == "__main__":
    sys.exit(main())
