"""Pure. What a YAML parser says, in words that help: the usual traps have texts of their own.

The parser points at where it gave up; the line before that, or the opening bracket, is often where the
mistake is. These texts look at the line itself to tell the traps apart.
"""

from __future__ import annotations

import re

import yaml

from aggregator.config.problems import Problem

_BRACED = re.compile(r"^\s*(?:- )?\s*(?:[\w-]+:|-)\s+[\[{]")
_QUOTED = re.compile(r"""^\s*(?:- )?\s*(?:[\w-]+:|-)\s+["']""")


def explain(error: yaml.YAMLError, text: str) -> Problem:
    """The one problem for which the parser stopped; never shows more of the file than one line's trap."""
    problem = str(getattr(error, "problem", None) or "not YAML")
    context = str(getattr(error, "context", None) or "")
    mark = getattr(error, "problem_mark", None)
    begun = getattr(error, "context_mark", None)
    if mark is None:
        return Problem((0, 0), f"this is not YAML ({problem}); see the smallest file in the documentation")
    here = (mark.line, mark.column)
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    rest = line[mark.column :]
    if "escape" in problem or "hexdecimal" in problem or "hexadecimal" in problem:
        what = "a backslash in double quotes begins an escape; put patterns in single quotes, like '\\d+'"
    elif "cannot start any token" in problem:
        what = _no_token(rest)
    elif "quoted scalar" in context and begun is not None:
        here, what = (begun.line, begun.column), "this quote is never closed; close it in the same line"
    elif "an alias" in context or "an anchor" in context:
        what = "unquoted text cannot begin with * or &; put it in single quotes"
    elif "flow" in context and begun is not None and "node content" not in problem:
        here = (begun.line, begun.column)
        what = "this bracket is not closed where it should be; put text with brackets in single quotes"
    elif "mapping values are not allowed" in problem:
        what = "a colon and a space stand in unquoted text; put it in single quotes, or start a new line"
    elif "tab" in problem or "\t" in line[: len(line) - len(line.lstrip())]:
        what = "a tab indents this line; use spaces"
    elif "block mapping" in context and _BRACED.match(line):
        what = "text goes on after a bracket; put all of it in single quotes, like '{author}新闻'"
    elif "block mapping" in context and _QUOTED.match(line):
        what = "text goes on after a closing quote; write '' for a quote inside single quotes"
    elif "block mapping" in context or "block collection" in context:
        what = "this line is not indented like those above it; align it with its neighbours"
    elif "sequence entries are not allowed" in problem:
        what = "a list begins in mid-line; put each - on a line of its own"
    else:
        what = f"this is not YAML ({problem}); put the text in single quotes if it is meant as it stands"
    return Problem(here, what)


def _no_token(rest: str) -> str:
    if rest.startswith("\t"):
        return "a tab indents this line; use spaces"
    return f"unquoted text cannot begin with {rest[:1] or 'this'}; put it in single quotes"
