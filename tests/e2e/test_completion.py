"""Completion as people have it: the line of docs/operating.md, a shell on a terminal, and the key."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.e2e.program import ENVIRONMENT, ROOT, until

STARTS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
# What makes control-X write the line as it stands there to a file; for zsh also what everybody has in their
# start file who has completion at all.
SETTINGS = {
    "bash": r"""bind -x '"\C-x": printf "%s\n" "$READLINE_LINE" >> lines'""",
    "zsh": "autoload -Uz compinit; compinit -u -D; "
    """note() { print -r -- "$BUFFER" >> lines }; zle -N note; bindkey -r '^X'; bindkey '^X' note""",
    "fish": r"bind \cx 'commandline >> lines'",
}


def line(shell):
    """The line of the documentation that switches completion on."""
    page = (ROOT / "docs/operating.md").read_text(encoding="utf-8")
    return re.search(rf"^(.*_AGGREGATOR_COMPLETE={shell}_source .*?) +#", page, re.MULTILINE)[1]


def is_here(shell):
    """Whether this machine has it, in a version that completion is for."""
    if shutil.which(shell) is None:
        return False
    if shell != "bash":
        return True
    said = subprocess.run(
        ["bash", "-c", "echo ${BASH_VERSINFO[0]} ${BASH_VERSINFO[1]}"],
        capture_output=True,
        check=True,
        text=True,
    )
    return tuple(map(int, said.stdout.split())) >= (4, 4)


class Terminal:
    """A shell with completion switched on, which has the program on its path."""

    def __init__(self, shell, directory):
        program = directory / "bin/aggregator"
        program.parent.mkdir()
        program.write_text(f"#!{sys.executable}\nfrom aggregator.cli import main\n\nmain()\n")
        program.chmod(0o755)
        self.shell = shell
        self._lines, self._begun, self._screen = (directory / name for name in ("lines", "begun", "screen"))
        path = f"{program.parent}{os.pathsep}{ENVIRONMENT['PATH']}"
        with self._screen.open("wb") as screen:
            self._process = subprocess.Popen(
                [sys.executable, "-c", "import pty, sys; pty.spawn(sys.argv[1:])", *STARTS[shell]],
                cwd=directory,
                env={**ENVIRONMENT, "PATH": path, "HOME": str(directory), "TERM": "dumb", "HISTFILE": ""},
                stdin=subprocess.PIPE,
                stdout=screen,
            )
        for words in (SETTINGS[shell], line(shell), "echo yes > begun"):
            self.type(f"{words}\r")
        until(self._begun.exists, self._shown)

    def close(self):
        """Take the terminal away, which ends the shell."""
        self._process.kill()
        self._process.communicate()

    def type(self, keys):
        """Press keys."""
        self._process.stdin.write(keys.encode())
        self._process.stdin.flush()

    def after(self, typed):
        """The line, once the key for completion was pressed after what was typed."""
        before = self._noted()
        self.type(f"\x15{typed}\t\x18")  # control-U first: an empty line
        return until(lambda: self._noted()[len(before) :], self._shown)[0].rstrip()

    def _noted(self):
        return self._lines.read_text().splitlines() if self._lines.exists() else []

    def _shown(self):
        return self._screen.read_bytes().decode(errors="replace")


@pytest.fixture(scope="module", params=sorted(STARTS))
def terminal(request, tmp_path_factory):
    """A terminal with each shell that is here."""
    if not is_here(request.param):
        pytest.skip(f"no {request.param} here, or one that is too old")
    running = Terminal(request.param, tmp_path_factory.mktemp(request.param))
    yield running
    running.close()


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("aggregator ru", "aggregator run"),
        ("aggregator run --ro", "aggregator run --roles"),
        ("aggregator run --roles ser", "aggregator run --roles serve"),
        ("aggregator run --roles serve,po", "aggregator run --roles serve,poll"),
        ("aggregator run --log j", "aggregator run --log json"),
        ("aggregator run --admin o", "aggregator run --admin off"),
        ("aggregator -c begu", "aggregator -c begun"),
        ("aggregator preview begu", "aggregator preview begun"),
    ],
)
def test_the_key_completes(terminal, typed, completed):
    """A command, an option, a value, a list, and a file: the one that it can be is written out."""
    assert terminal.after(typed) == completed
