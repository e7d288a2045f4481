"""Pure. One entry becomes one post: the order of the steps, field by field (DESIGN, section 5).

Judges dates, links and names; never raises for what a source wrote. An entry that says nothing at all is an
`UnreadEntry`. Categories, keys and digests are other rooms' work.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from aggregator.model import (
    DateRule,
    Enclosure,
    Entry,
    FeedFacts,
    Person,
    Post,
    Said,
    Source,
    SourceInfo,
    Text,
    UnreadEntry,
    replace,
)
from aggregator.normalize.content import texts
from aggregator.normalize.identity import wanted_id
from aggregator.normalize.origin import own_source, page_of, reveals
from aggregator.syntax import dates, html, slugs, text, urls

_LONGEST_TITLE = 1000  # characters
_LONGEST_BORROWED_TITLE = 80
_LONGEST_NAME = 200
_MOST_NAMES = 20
_MOST_TERMS = 100
_MOST_ENCLOSURES = 20
_MOST_FORMS = 3

_ADDRESS = re.compile(
    r"[<(\[]?\s*(?:mailto:)?[^\s<>()\[\],;@]{1,64}@[^\s<>()\[\],;@]{1,255}\s*[>)\]]?", re.IGNORECASE
)
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")


def normalize(
    entry: Entry, facts: FeedFacts, source: Source, info: SourceInfo, base: str, now: datetime
) -> Post | UnreadEntry:
    """What an entry says, as a post of ours; or why it says nothing.

    `info` is what `normalize.info` made of the same `facts`; `base` is the final URL of the fetch; `now` is
    aware. `id` is empty where the entry's own cannot be one, and `categories`, `keys` and digests are empty.
    """
    if source.confidential:
        base = info.home  # the feed's address must not shine through relative links
    base = urls.absolute(base, entry.base) or base
    guid = text.clean(entry.guid).strip()
    enclosures = _enclosures(entry.enclosures, base)
    summary, content = texts(entry, base)
    title = text.shorten(text.plain(entry.title), _LONGEST_TITLE)
    article = _article(entry, guid, base)
    if not (title or article or content or enclosures or guid):
        return UnreadEntry(entry.position, "it has no title, link, content, enclosure or id")

    if reveals(article, source):
        article = ""
    link = urls.cleaned(article, source.drop_params, source.keep_params)
    names_entry = bool(link) and not urls.is_home(link, info.home)
    if not link:
        link = enclosures[0].url if enclosures else info.home
    taken_from = own_source(entry.source, source, base)
    canonical = _canonical(entry, base, taken=taken_from is not None)
    if reveals(canonical, source) or urls.is_home(canonical, info.home):
        canonical = ""
    published, dated = _published(entry, source, now)
    claimed = dates.parse(entry.updated, source.timezone)
    own_names = _people(entry.authors, base)
    feed_title = text.shorten(text.plain(facts.title), _LONGEST_NAME) or info.title
    own_language = _language(entry.language, _text_language(entry), facts.language)
    title = title or _borrowed_title(content or summary, link)
    if not title:  # the time of the poll would be another title at every poll
        shown = "" if reveals(guid, source) else guid
        title = shown if dated == "first-seen" else f"{published:%Y-%m-%d %H:%M}"
    return Post(
        id=wanted_id("" if reveals(guid, source) else guid),
        source=source.url,
        guid=guid,
        title=title,
        slug=slugs.slugify(title),
        link=link,
        names_entry=names_entry,
        canonical=canonical,
        forms=tuple(f for f in _linked(entry, base, "amphtml") if urls.same_site(f, canonical or link)),
        standing=2 if taken_from else _standing(source, link, canonical),
        via=info.title if taken_from else "",
        published=published,
        updated=published,
        dated=dated,
        claims_updated=claimed if claimed and dates.believable(claimed, now) else None,
        first_seen=now,
        authors=own_names or _people(facts.authors, base) or (Person(info.title, info.home),),
        summary=summary,
        content=content,
        language=_language(source.language) or own_language,
        enclosures=enclosures,
        origin=_origin(entry, taken_from or info, source, published, now),
        republish=source.republish,
        said=Said(
            author=own_names[0].name if own_names else "",
            publisher=text.shorten(text.fold(entry.publisher or facts.publisher), _LONGEST_NAME),
            terms=_terms(entry.terms),
            feed_title=feed_title,
            language=own_language,
        ),
        position=entry.position,
    )


def _article(entry: Entry, guid: str, base: str) -> str:
    """Where the entry says it can be read: its link, an alternate link, a guid that is a permalink; or ""."""
    link = urls.absolute(base, entry.link) if entry.link.strip() else ""
    link = link or page_of(entry.links, base)
    if not link and entry.permalink and urls.http(guid):
        link = urls.absolute("", guid)
    return link


def _canonical(entry: Entry, base: str, *, taken: bool) -> str:
    """The page that an entry says it stands for (RFC 6596), where that is not its link; else "".

    A planet that names the feed an entry was taken from says with `via` where it stood there (RFC 4287,
    4.2.7.2); elsewhere `via` is what somebody writes about, which is no copy.
    """
    said = _linked(entry, base, "canonical") or (_linked(entry, base, "via") if taken else ())
    return said[0] if said else ""


def _standing(source: Source, *claimed: str) -> int:
    """0 where every address that a post is known by is of its source's own site, else 1.

    One on another site would let a source speak for a page that is not its own.
    """
    known_by = [url for url in claimed if url]
    return 0 if known_by and all(urls.same_site(url, source.url) for url in known_by) else 1


def _linked(entry: Entry, base: str, rel: str) -> tuple[str, ...]:
    """Where links of one relation lead, absolute; http(s) alone."""
    found = (urls.absolute(base, link.href) for link in entry.links if link.rel == rel and link.href.strip())
    return tuple(url for url in found if url)[:_MOST_FORMS]


def _published(entry: Entry, source: Source, now: datetime) -> tuple[datetime, DateRule]:
    """The first believable of the entry's dates, else now; never later than now."""
    said: tuple[tuple[str, DateRule], ...] = ((entry.published, "published"), (entry.updated, "updated"))
    for raw, rule in said:
        moment = dates.parse(raw, source.timezone)
        if moment is not None and dates.believable(moment, now):
            return min(moment, now), rule
    return now, "first-seen"


def _borrowed_title(content: str, link: str) -> str:
    return text.shorten(html.to_text(content), _LONGEST_BORROWED_TITLE) or link


def _people(said: Iterable[Person], base: str) -> tuple[Person, ...]:
    """Named people, each once; addresses for mail are taken out of names (RSS has them there)."""
    people: dict[str, Person] = {}
    for person in said:
        name = text.fold(_ADDRESS.sub(" ", text.plain(Text(person.name, "text")))).strip(" ,;")
        if name.startswith("(") and name.endswith(")"):  # RSS: `mail@example.org (Name)`
            name = name[1:-1].strip()
        if name and name not in people and len(people) < _MOST_NAMES:
            people[name] = Person(
                text.shorten(name, _LONGEST_NAME), urls.absolute(base, person.uri) if person.uri else ""
            )
    return tuple(people.values())


def _terms(said: Iterable[str]) -> tuple[str, ...]:
    terms = dict.fromkeys(text.shorten(text.plain(Text(term, "text")), _LONGEST_NAME) for term in said)
    return tuple(term for term in terms if term)[:_MOST_TERMS]


def _enclosures(said: Iterable[Enclosure], base: str) -> tuple[Enclosure, ...]:
    """Those with an http(s) URL, each once, with a media type and length that can be true."""
    enclosures: dict[str, Enclosure] = {}
    for enclosure in said:
        url = urls.absolute(base, enclosure.url) if enclosure.url.strip() else ""
        if not url or url in enclosures or len(enclosures) == _MOST_ENCLOSURES:
            continue
        type = enclosure.type.strip().lower().partition(";")[0].strip()
        enclosures[url] = Enclosure(
            url=url,
            type=type if _MEDIA_TYPE.fullmatch(type) else "",
            length=enclosure.length if enclosure.length and 0 < enclosure.length < 2**53 else None,
            title=text.shorten(text.fold(enclosure.title), _LONGEST_NAME),
        )
    return tuple(enclosures.values())


def _language(*said: str) -> str:
    """The first that is a language tag (BCP 47), in its usual letter case; "" for none."""
    for raw in said:
        tag = raw.strip().replace("_", "-")
        if len(tag) <= 35 and _LANGUAGE.fullmatch(tag):
            first, *rest = tag.split("-")
            return "-".join([first.lower(), *(_cased(part) for part in rest)])
    return ""


def _cased(subtag: str) -> str:
    if len(subtag) == 2:
        return subtag.upper()
    return subtag.title() if len(subtag) == 4 and subtag.isalpha() else subtag.lower()


def _text_language(entry: Entry) -> str:
    said = (*entry.contents, entry.summary, entry.title)
    return next((one.language for one in said if one is not None and one.language), "")


def _origin(
    entry: Entry, origin: SourceInfo, source: Source, published: datetime, now: datetime
) -> SourceInfo:
    """The feed it comes from, with a date that can be true."""
    updated = origin.updated
    if updated is None or not dates.believable(updated, now):
        updated = dates.parse(entry.updated, source.timezone)
    if updated is None or not dates.believable(updated, now):
        updated = published
    return replace(origin, updated=min(updated, now))
