"""Pure. The whole answer: what was found of what was asked about, and where nothing was, what may be why."""

from __future__ import annotations

from aggregator import dedupe
from aggregator.model import Config, Explained, Findings, Sought
from aggregator.pipeline.explaining import documents, sources
from aggregator.pipeline.explaining.around import Around
from aggregator.syntax import urls


def sought(asked: str, config: Config, findings: Findings) -> Sought:
    """What to look for: an id or guid, a link in any spelling, the URL of a source that `findings` names."""
    asked = asked.strip()
    cleaned = urls.cleaned(asked)
    other = {"https:": "http:", "http:": "https:"}
    scheme, colon, rest = cleaned.partition(":")
    spellings = {asked, cleaned, other[scheme + colon] + rest if cleaned else ""}
    return Sought(
        name=asked,
        keys=dedupe.sought(asked, config.sources),
        texts=frozenset(spellings - {""}),
        source=Around(config, findings).asked_for(asked),
    )


def answer(wanted: Sought, config: Config, findings: Findings) -> Explained:
    """In plain words, what became of what was asked about."""
    around, asked = Around(config, findings), wanted.name
    stories = tuple(documents.story(found, around) for found in findings.stories)
    if wanted.source is not None:
        own = sources.explained(wanted.source, around, findings.newest)
        known = around.status(wanted.source) is not None
        notes = () if known else _no_store(findings)
        return Explained(asked if own.url else own.source, known or bool(stories), stories, (own,), notes)
    if stories:
        more = f"More than {len(stories)} stories are stored under it; these are the newest."
        return Explained(asked, True, stories, notes=(more,) if findings.more else ())
    near, said = sources.suspects(asked, around)
    return Explained(
        asked=asked,
        found=False,
        sources=tuple(sources.explained(url, around) for url in near),
        notes=(*_no_store(findings), _looked_for(asked), said),
    )


def _no_store(findings: Findings) -> tuple[str, ...]:
    return (
        () if findings.stored else ("There is no store yet: nothing was polled. `aggregator run` makes one.",)
    )


def _looked_for(asked: str) -> str:
    key = urls.key(asked)
    link = f", and none has this link (compared as {key})" if key else ""
    return f"No post or story has this id, and none this guid{link}."
