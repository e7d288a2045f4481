"""Pure. What a YAML parser says, in words that help: the usual traps have texts of their own.

The parser points at where it gave up; the line before that, or the opening bracket, is often where the
mistake is. These texts look at the line itself to tell the traps apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from aggregator.config.problems import Position, Problem, lines

_BRACED = re.compile(r"^\s*(?:- )?\s*(?:[\w-]+:|-)\s+[\[{]")
_A_KEY = re.compile(r"\s*(?:- )?[\w-]+")
_UNSEEN = frozenset("\x85\u2028\u2029")
_QUOTED = re.compile(r"""^\s*(?:- )?\s*(?:[\w-]+:|-)\s+["']""")


@dataclass(frozen=True, slots=True)
class Quote:
    """A quoted text of several lines: where it begins, and the line that it ends in."""

    begin: Position
    last: int


def explain(
    error: yaml.YAMLError, text: str, quote: Quote | None = None, innermost: Position | None = None
) -> Problem:
    """The one problem for which the parser stopped; never shows more of the file than one line's trap.

    `quote` is the last one of several lines that was read before, `innermost` where the list or mapping
    begins that was being read.
    """
    problem = str(getattr(error, "problem", None) or "not YAML")
    context = str(getattr(error, "context", None) or "")
    mark = getattr(error, "problem_mark", None)
    begun = getattr(error, "context_mark", None)
    if mark is None:
        return Problem((0, 0), f"this is not YAML ({problem}); see the smallest file in the documentation")
    here = (mark.line, mark.column)
    written = lines(text)
    line = written[mark.line] if mark.line < len(written) else ""
    rest = line[mark.column :]
    if unseen := _unseen(text, written, mark.line):
        return unseen
    if "escape" in problem or "hexdecimal" in problem or "hexadecimal" in problem:
        what = "a backslash in double quotes begins an escape; put patterns in single quotes, like '\\d+'"
    elif "cannot start any token" in problem:
        what = _no_token(rest)
    elif "quoted scalar" in context and begun is not None:
        here, what = (begun.line, begun.column), "this quote is never closed; close it in the same line"
    elif quote is not None and quote.last == mark.line:
        here = quote.begin
        what = f"this quote is closed at line {quote.last + 1}; close it where its text ends, in this line"
    elif "an alias" in context or "an anchor" in context:
        what = "unquoted text cannot begin with * or &; put it in single quotes"
    elif "flow node" in context and rest.startswith(","):
        what = "nothing stands before this comma; delete it"
    elif "flow node" in context and innermost and not rest.strip() and not any(written[mark.line + 1 :]):
        here = innermost
        what = "this bracket is never closed; close it, or put text with brackets in single quotes"
    elif "flow" in context and begun is not None and "node content" not in problem:
        here = (begun.line, begun.column)
        what = "this bracket is not closed where it should be; put text with brackets in single quotes"
    elif "mapping values are not allowed" in problem and _A_KEY.fullmatch(line[: mark.column]):
        here = (mark.line, len(line) - len(line.lstrip()))
        what = (
            "this goes on with the text of the line above; align it with its neighbours, or begin that text "
            "with a key, like url:"
        )
    elif "mapping values are not allowed" in problem:
        what = "a colon and a space stand in unquoted text; put it in single quotes, or start a new line"
    elif "tab" in problem or "\t" in line[: len(line) - len(line.lstrip())]:
        what = "a tab indents this line; use spaces"
    elif "block mapping" in context and _BRACED.match(line):
        what = "text goes on after a bracket; put all of it in single quotes, like '{author}新闻'"
    elif "block mapping" in context and _QUOTED.match(line):
        what = "text goes on after a closing quote; write '' for a quote inside single quotes"
    elif "block mapping" in context and rest[:1] in ("]", "}"):
        what = "this bracket closes none that is open; delete it"
    elif "block mapping" in context or "block collection" in context:
        what = "this line is not indented like those above it; align it with its neighbours"
    elif "<document start>" in problem and "..." in (above := [one.rstrip() for one in written[: mark.line]]):
        here = (above.index("..."), 0)
        what = 'the line "..." ends the file; delete it'
    elif "<document start>" in problem:
        what = "the file is complete above this line; put all keys inside its brackets, or none"
    elif "sequence entries are not allowed" in problem:
        what = "a list begins in mid-line; put each - on a line of its own"
    else:
        what = f"this is not YAML ({problem}); put the text in single quotes if it is meant as it stands"
    return Problem(here, what)


def _unseen(text: str, written: list[str], line: int) -> Problem | None:
    """A line break that editors show as none, near to where the parser gave up."""
    end, found = 0, None
    for number, one in enumerate(written[: line + 1]):
        end += len(one)
        if number >= line - 2 and text[end : end + 1] in _UNSEEN:
            what = f"the character U+{ord(text[end]):04X} ends this line unseen; delete it"
            found = Problem((number, len(one)), what)
        end += 2 if text.startswith("\r\n", end) else 1
    return found


def _no_token(rest: str) -> str:
    if rest.startswith("\t"):
        return "a tab indents this line; use spaces"
    return f"unquoted text cannot begin with {rest[:1] or 'this'}; put it in single quotes"
