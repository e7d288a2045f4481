"""Pure. Versioned identity keys, and digests of what a reader sees.

Every key begins with a letter for its kind and a version, so that a better recipe can live beside the old
one and never makes stored posts new again. Keys that only hold within a source have its URL mixed in.

========  =================================  ==========================================================
kind      made of                            leads to
========  =================================  ==========================================================
``e1:``   source, guid, link (or title)      the same entry, also where guids are reused or missing
``g1:``   source, guid                       the entry of this source
``u1:``   canonical URL of the link          any source's telling, where the link names one entry; further
                                             ones for the other forms of that page that the entry names
``i1:``   an absolute id                     a copy in another source, if link or content agree
``t1:``   source, title, text                an entry that has neither guid nor link of its own
``n1:``   source, title                      what may be the same entry under a new guid (`rekeyed`)
========  =================================  ==========================================================
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import blake2b

from aggregator.dedupe.alike import bands_of
from aggregator.model import Key, Post, Source, UnreadEntry, replace
from aggregator.syntax import html, urls

MOST_BANDED = 200
"""Posts of one document, the newest, that near duplicates are looked for of: a band is a row."""


def by_title(key: Key) -> bool:
    """Whether it only says what an entry of the source is called."""
    return key.startswith("n1:")


def stamp(
    posts: Sequence[Post],
    source: Source,
    first_url: str = "",
    beside: Sequence[Post] = (),
    *,
    compares: bool = True,
) -> tuple[tuple[Post, ...], tuple[UnreadEntry, ...]]:
    """The posts of one document with their keys and digests, and the entries that only repeat another.

    A link that two different entries of the document share names neither of them, and a guid that two
    entries with different links share is a key of neither. Of entries that are one and the same the one
    that was updated last stays, else the first. `first_url` is the source's, where it has moved since.
    `beside` stands for entries of the document that have neither guid nor link in common with these. Only
    where it `compares` are near duplicates looked for.
    """
    entries_by_link: dict[Key, set[str]] = defaultdict(set)
    forms_by_guid: dict[str, set[str]] = defaultdict(set)
    links = [_link_key(post, source) for post in posts]
    for post, link in zip(posts, links, strict=True):
        if link:
            entries_by_link[link].add(post.guid or f"\0{post.title}")
        forms_by_guid[post.guid].add(post.link or post.title or post.content)
    every = sorted((*posts, *beside), key=lambda one: one.position) if beside else posts
    newest = sorted(every, key=lambda one: one.published, reverse=True) if compares else ()
    looked_for = {id(post) for post in newest[:MOST_BANDED]}
    kept: dict[Key, Post] = {}
    repeats: list[UnreadEntry] = []
    for post, link in zip(posts, links, strict=True):
        shared = link is not None and len(entries_by_link[link]) > 1
        reused = len(forms_by_guid[post.guid]) > 1
        home = first_url or source.url
        banded = id(post) in looked_for
        done = _stamped(post, source, home, link, link_shared=shared, guid_reused=reused, banded=banded)
        first = kept.setdefault(done.keys[0], done)
        if first is not done:
            loser = done if _last_update(first) >= _last_update(done) else first
            winner = first if loser is done else done
            kept[done.keys[0]] = winner
            repeats.append(
                UnreadEntry(loser.position, f"repeats entry {winner.position + 1} of the document")
            )
    return tuple(kept.values()), tuple(repeats)


def _last_update(post: Post) -> datetime:
    return post.claims_updated or post.published


def _stamped(
    post: Post,
    source: Source,
    home: str,
    link: Key | None,
    *,
    link_shared: bool,
    guid_reused: bool,
    banded: bool,
) -> Post:
    text = html.to_text(post.content or post.summary)
    named = post.title or post.content or post.summary
    exact = (post.guid, post.link or named) if post.guid else ("", post.link, named)
    keys = [_key("e1", home, *exact)]
    if post.guid and not guid_reused:
        keys.append(guid_key(post.guid, source, home))
        if post.id:
            keys.append(_key("i1", post.id))
    if link:
        keys.append(link)
        keys += [form for form in _form_keys(post, source) if form not in keys]
    if not post.guid and not link:
        keys.append(_key("t1", home, post.title, text))
    if post.title:
        keys.append(_key("n1", home, post.title))
    return replace(
        post,
        names_entry=post.names_entry and not link_shared,
        keys=tuple(keys),
        link_key=link,
        digest=digest(post),
        label_digest=label_digest(post),
        text_digest=_hash(post.title, text) if text else "",
        bands=bands_of(post, text) if banded else (),
    )


def _link_key(post: Post, source: Source) -> Key | None:
    """The key of its link, also where the link is shared: that it is shared must be remembered."""
    if not post.names_entry or not post.link:
        return None
    canonical = urls.key(post.canonical or post.link, source.drop_params, source.keep_params)
    return _key("u1", canonical) if canonical else None


def _form_keys(post: Post, source: Source) -> list[Key]:
    """Keys of the other addresses of its page that an entry names: its link beside a canonical one, AMP.

    Only where all of it is on its source's own site: a stranger's entry could tie a site's pages together.
    """
    if post.standing:
        return []
    said = (post.link, *post.forms) if post.canonical else post.forms
    made = (urls.key(url, source.drop_params, source.keep_params) for url in said)
    return [_key("u1", canonical) for canonical in made if canonical]


def sought(name: str, sources: Iterable[Source]) -> frozenset[Key]:
    """The keys of posts that have this id, or this link in whatever spelling its source gave it."""
    parameters = {((), ()), *((source.drop_params, source.keep_params) for source in sources)}
    links = {urls.key(name, *of_source) for of_source in parameters} - {""}
    return frozenset({_key("i1", name), *(_key("u1", link) for link in links)})


def guid_key(guid: str, source: Source, first_url: str = "") -> Key:
    """The key of the entry of a source that has this guid."""
    return _key("g1", first_url or source.url, guid)


def digest(post: Post) -> str:
    """Of what a reader sees of the entry itself: a change of it is a change of the post.

    Dates are left out (feeds touch them at every poll), and so is everything that the configuration adds,
    white space that no reader sees, and the host of the link (a site that moves has not edited its posts).
    """
    return _hash(
        post.title,
        urls.place(post.link),
        _as_seen(post.summary),
        _as_seen(post.content),
        # A source that stands in for authors is called what the file, or the feed by now, calls it.
        *(f"{a.name}\0{a.uri}" for a in post.authors if a.name != (post.via or post.origin.title)),
        *(f"{e.url}\0{e.type}\0{e.title}" for e in post.enclosures),
    )


_OF_LINE = r"/?(?:p|div|br|hr|li|ul|ol|dl|dt|dd|h[1-6]|t[rdh]|table|thead|tbody|blockquote|fig\w+)\b"
_LINE = re.compile(rf" ?(<{_OF_LINE}[^>]*>) ?")
# The same in two steps, of tags that hold no `<`: each looks only where one of its fixed letters stands.
_SPACE_BEFORE = re.compile(rf" <(?={_OF_LINE}[^<>]*+>)")
_SPACE_BEHIND = re.compile(rf"(<{_OF_LINE}[^<>]*+>) ")
_HOLDING_ANOTHER = re.compile(rf"<{_OF_LINE}[^<>]*+(?:<|\Z)")


def _as_seen(markup: str) -> str:
    """Sanitized HTML without the white space that is not rendered; left alone where `pre` renders it."""
    if "<pre" in markup:
        return markup
    if not markup.isprintable() or "  " in markup:  # what is printable has no other white space than U+0020
        markup = " ".join(markup.split())
    if "<" not in markup:
        return markup.strip()
    if _HOLDING_ANOTHER.search(markup):
        return _LINE.sub(r"\1", markup).strip()
    if " <" in markup:
        markup = _SPACE_BEFORE.sub("<", markup)
    if "> " in markup:
        markup = _SPACE_BEHIND.sub(r"\1", markup)
    return markup.strip()


def label_digest(post: Post) -> str:
    """Of what `classify` made of the post: a change of it moves the post and touches no date."""
    shown = f"{post.republish} whole" if post.whole else post.republish
    return _hash(shown, post.dropped, *(x.value for x in post.labels), "", *post.tags)


def _key(kind: str, *parts: str) -> Key:
    return Key(f"{kind}:{_hash(*parts)}")


def _hash(*parts: str) -> str:
    return blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
