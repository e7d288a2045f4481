"""Pure. Sanitized HTML as a page of ours shows it: nothing that it names is styled, nothing loads but images.

It takes what `html.sanitize` gives and nothing else: there every attribute is quoted, and `<`, `>` and `"`
are escaped in it, so that tags can be read like this.
"""

from __future__ import annotations

import re

_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)((?: [a-z-]+=\"[^\"]*\")*)>")
_ATTRIBUTE = re.compile(r" ([a-z-]+)=\"([^\"]*)\"")
_PLAYER = re.compile(r"<(audio|video)((?: [a-z-]+=\"[^\"]*\")*)>(.*?)</\1>", re.DOTALL)
_SOURCE = re.compile(r"<source(?: [a-z-]+=\"[^\"]*\")*? src=\"([^\"]*)\"")
_HEADING = re.compile(r"h([1-6])")
_FILE = re.compile(r"[^/?#]+(?=[?#]|$)")
_DEEPEST = 6
_LAST_SEGMENTS = 60  # characters of a file's name that are shown


def for_page(html: str, headings_below: int = 1) -> str:
    """Content for a page whose own heading is `h1`: its headings begin below `headings_below`.

    They keep their order of rank and leave out no level, whichever they begin with: who listens to a page
    goes from heading to heading. Tables can be reached by keys, as they scroll where they are too wide.
    Images load when they are scrolled to, and tell nobody which page shows them (no referrer). Sound and
    moving pictures become links to the files. Class names go: our style sheet has some, too.
    """
    html = _PLAYER.sub(_as_link, html)
    above: list[int] = []  # levels of the headings that the text is under
    open_: list[str] = []  # headings of ours that are not closed

    def heading(level: int) -> str:
        while above and above[-1] >= level:
            above.pop()
        above.append(level)
        open_.append(f"h{min(headings_below + len(above), _DEEPEST)}")
        return open_[-1]

    def tag(found: re.Match[str]) -> str:
        closing, name, attributes = found.groups()
        if level := _HEADING.fullmatch(name):
            name = open_.pop() if closing and open_ else heading(int(level[1]))
        kept = "".join(
            f' {n}="{v}"' for n, v in _ATTRIBUTE.findall(attributes) if n not in ("class", "loading")
        )
        if name == "table" and not closing:
            kept += ' tabindex="0"'
        if name == "img":
            if " alt=" not in kept:
                kept += ' alt=""'
            kept += ' loading="lazy" referrerpolicy="no-referrer"'
        return f"<{closing}{name}{kept}>"

    return _TAG.sub(tag, html)


def _as_link(found: re.Match[str]) -> str:
    """A link to the file of a player, by the name of the file; nothing where it has none."""
    attributes = dict(_ATTRIBUTE.findall(found[2]))
    inner = _SOURCE.search(found[3])
    url = attributes.get("src") or (inner[1] if inner else "")
    if not url:
        return ""
    name = _FILE.search(url.rsplit("/", 1)[-1])
    return f'<a href="{url}">▶ {name[0][:_LAST_SEGMENTS] if name else url}</a>'
