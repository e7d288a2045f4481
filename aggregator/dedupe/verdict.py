"""Pure. Judges the posts of one document, one after the other, against what is stored.

Trust: an entry is its own only within its source. A copy in another source joins a story by its canonical
URL, or by its id where link or content agree, or because it says the same as the story's founder; an id
alone lets nobody change or hide another's post (RFC 4287, 8.4). A link that turns out to name no one entry
ties nothing any more. What was taken down stays down: its own source, and whoever copies it, joins the story
that has ended and is shown nowhere. Each verdict is folded into what is known before the next post is judged,
so that two entries of one document see each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from aggregator.dedupe.alike import Candidates
from aggregator.dedupe.keys import by_title
from aggregator.dedupe.rekeyed import rekeyed
from aggregator.model import (
    Changed,
    Duplicate,
    JoinedBy,
    Key,
    Known,
    KnownPost,
    New,
    Parting,
    Post,
    PostId,
    Rejected,
    Source,
    Unchanged,
    Verdict,
    rank,
    replace,
)

Mint = Callable[[Post, int], PostId]
"""Makes an id of ours for a post that brings none, or one that another post has: another at each attempt."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the posts of a document turned out to be, and the links that turned out to name no one entry.

    `partings` are of stories that only those links held together.
    """

    verdicts: tuple[Verdict, ...]
    withdrawn: frozenset[Key]
    partings: tuple[Parting, ...] = ()


def judge(posts: Sequence[Post], source: Source, known: Known, mint: Mint, now: datetime) -> Judgement:
    """One verdict for each post, in order. Posts come with their categories assigned."""
    court = _Court(source, known, mint, now)
    before = rekeyed(posts, [court.own(post) for post in posts], known.by_key)
    verdicts = tuple(court.judge(post, before.get(n)) for n, post in enumerate(posts))
    return Judgement(verdicts, frozenset(court.withdrawn), tuple(court.partings))


class _Court:
    """What is known so far, while one document is judged."""

    def __init__(self, source: Source, known: Known, mint: Mint, now: datetime) -> None:
        self._source, self._mint, self._now = source, mint, now
        self._by_key: dict[Key, list[KnownPost]] = {k: list(v) for k, v in known.by_key.items()}
        self._ids = set(known.ids)
        self._not_links = set(known.withdrawn)
        self._stories: defaultdict[PostId, dict[PostId, KnownPost]] = defaultdict(dict)
        for posts in known.by_key.values():
            for one in posts:
                self._stories[one.story][one.id] = one
        self._candidates = Candidates(known.by_band)
        self._moved: dict[PostId, PostId] = {}  # posts that have parted, and their stories now
        every = [*(k for posts in known.by_key.values() for k in posts)]
        every += [candidate.known for there in known.by_band.values() for candidate in there]
        self._ended = {one.story for one in every if one.ended == "post"}
        self.withdrawn: set[Key] = set()
        self.partings: list[Parting] = []

    def judge(self, post: Post, before: KnownPost | None) -> Verdict:
        """One post; `before` is the stored one that it is under a new id."""
        taken = self._taken_down(post) if before is None else None
        if taken is None:
            post = self._with_a_link_that_names_it(post, before)
        ours = before or self.own(post)
        if before is not None and before.ended == "post":
            # A post of its own: in place of the old one its other guid would not be known any more.
            ours, verdict = None, self._first_time(post, (before, "alike"))
        elif before is not None:
            verdict = self._under_a_new_id(post, before)
        else:
            told: tuple[KnownPost, JoinedBy] | None = (taken, "link") if taken is not None else None
            verdict = self._again(post, ours) if ours else self._first_time(post, told)
        if isinstance(verdict, Unchanged):
            return verdict
        if not post.title:  # nothing to call it by but its date, which is settled only now
            verdict = replace(
                verdict, post=replace(verdict.post, title=f"{verdict.post.published:%Y-%m-%d %H:%M}")
            )
        self._fold(verdict, ours)
        return verdict

    def _taken_down(self, post: Post) -> KnownPost | None:
        """What was taken down and has its link, though entries of the document may share that.

        Nothing where another source tells the same still.
        """
        if post.link_key is None or post.link_key in self._not_links:
            return None
        there = self._by_key.get(post.link_key, ())
        if any(k.ended is None and k.source != post.source for k in there):
            return None
        return next((k for k in there if k.ended == "post"), None)

    def _with_a_link_that_names_it(self, post: Post, before: KnownPost | None) -> Post:
        """Take the link out of the keys where it leads to several entries of this source."""
        link = post.link_key
        if link is None:
            return post
        shared = not post.names_entry or any(
            k.source == post.source and k.guid and post.guid and k.guid != post.guid
            for k in self._by_key.get(link, ())
            if (before is None or k.id != before.id) and k.ended != "post"
        )
        if shared and link not in self._not_links:
            self.withdrawn.add(link)
            self._not_links.add(link)
            self._part(link)
        if link not in self._not_links:
            return post
        kept = tuple(k for k in post.keys if not k.startswith("u1:"))  # its other forms name it no better
        return replace(post, names_entry=False, link_key=None, keys=kept)

    def _part(self, link: Key) -> None:
        """Part those who told different things all along, now that the link between them names neither.

        Posts that agree in text stay together: the copies that planets bring. Where a post of this source
        has founded the story, the others that the link has brought leave it together; where it had joined,
        it leaves with the copies of its own.
        """
        tied = [k for k in self._by_key.get(link, ()) if k.ended != "post"]
        for ours in (k for k in tied if k.source == self._source.url):
            story = self._story(ours)
            members = self._stories[story]
            founder = members.get(story)
            # A founder that no key leads to has parted from its link before: what is left agrees with it.
            if founder is None or (founder.id != ours.id and _same_text(founder, ours)):
                continue
            if founder.id == ours.id:
                leaving = [
                    k for k in tied
                    if self._story(k) == story and k.source != ours.source
                    and not _same_text(k, ours)
                ]  # fmt: skip
            else:
                copies = (k for k in members.values() if _same_text(k, ours))
                leaving = [ours, *(k for k in copies if k.source != ours.source)]
            if leaving:
                self._leave(story, leaving)

    def _leave(self, story: PostId, posts: Sequence[KnownPost]) -> None:
        made = posts[0].id
        self.partings.append(Parting(story, tuple(known.id for known in posts)))
        for known in posts:
            self._moved[known.id] = made
            self._stories[made][known.id] = self._stories[story].pop(known.id)

    def _story(self, known: KnownPost) -> PostId:
        """The story that a post is in by now."""
        return self._moved.get(known.id, known.story)

    def own(self, post: Post) -> KnownPost | None:
        """The stored post of this source that it is: by its strongest key that leads to one.

        Different guids are different posts, whatever else agrees.
        """
        for key in post.keys:
            for known in self._by_key.get(key, ()) if not by_title(key) else ():
                if known.source == post.source and not (known.guid and post.guid and known.guid != post.guid):
                    return known
        return None

    def _again(self, post: Post, known: KnownPost) -> Verdict:
        """Seen before from this source: has anything changed that counts?"""
        if known.ended == "post":
            return Unchanged(known.id, "it was taken down")
        seen_differs = post.digest != known.digest
        as_sorted = (post.label_digest, post.dropped) == (known.label_digest, known.dropped)
        if not seen_differs and as_sorted and post.link == known.link:
            return Unchanged(known.id)
        if seen_differs and self._source.updates == "ignore":
            return Unchanged(known.id, "it changed, and this feed says `updates: ignore`")
        if seen_differs:
            return self._settled(post, known, self._when_updated(post, known))
        return self._settled(post, known, known.updated, "sorted anew" if not as_sorted else "moved")

    def _under_a_new_id(self, post: Post, known: KnownPost) -> Verdict:
        """Known, under another id from now on: nothing is published again, so no date moves."""
        if self._source.updates == "ignore" and post.digest != known.digest:
            return Unchanged(known.id, "it changed with its id, and this feed says `updates: ignore`")
        return self._settled(post, known, known.updated, "re-keyed")

    def _settled(self, post: Post, known: KnownPost, updated: datetime, reason: str = "") -> Verdict:
        """The new state of a stored post, under its own id and dates."""
        settled = replace(
            post,
            id=known.id,
            slug=known.slug,
            published=known.published,
            first_seen=known.first_seen,
            dated=known.dated,
            updated=updated,
        )
        if post.dropped:
            return Rejected(settled, post.dropped, self._story(known), again=True)
        return Changed(settled, reason)

    def _when_updated(self, post: Post, known: KnownPost) -> datetime:
        """The entry's own `updated` where that is later than ours and not in the future, else now."""
        claimed = post.claims_updated
        return claimed if claimed is not None and known.updated < claimed <= self._now else self._now

    def _first_time(self, post: Post, told: tuple[KnownPost, JoinedBy] | None = None) -> Verdict:
        """New from this source; perhaps another source has `told` it already, or it was taken down."""
        told = told or self._told_elsewhere(post)
        if not post.id or post.id in self._ids:
            minted = (self._mint(post, attempt) for attempt in count())
            post = replace(post, id=next(post_id for post_id in minted if post_id not in self._ids))
        if told is None:
            return self._in_other_words(post)
        known, reason = told
        story, telling = self._story(known), known.telling or known.id
        if post.dropped:
            return Rejected(post, post.dropped, story, reason, telling)
        return Duplicate(post, story, reason, telling)

    def _in_other_words(self, post: Post) -> Verdict:
        """New in every respect, unless another source has told it in much the same words."""
        found = self._candidates.nearest(post)
        if found is None:
            return Rejected(post, post.dropped) if post.dropped else New(post)
        candidate, similarity = found
        story = self._story(candidate.known)
        self._candidates.taken.add(candidate.known.story)
        if post.dropped:
            return Rejected(post, post.dropped, story, "alike", similarity=similarity)
        return Duplicate(post, story, "alike", similarity=similarity)

    def _told_elsewhere(self, post: Post) -> tuple[KnownPost, JoinedBy] | None:
        """The post of another source, or taken down, whose story this one joins, and what they share."""
        reason: JoinedBy
        for key in post.keys:
            others = [k for k in self._by_key.get(key, ()) if _may_be_joined(k, post)]
            if key.startswith("u1:"):
                reason = "link"
            elif key.startswith("i1:"):
                others = [k for k in others if _agree(k, post)]
                reason = "id"
            else:
                continue
            if others:
                return min(others, key=self._preference), reason
        return None

    def _preference(self, known: KnownPost) -> tuple[object, ...]:
        """Whose story a copy joins where it could join several: that of the one who would speak for all.

        Of one that is told by others, too, the copy is as good as theirs.
        """
        return (
            known.ended is not None,
            bool(known.dropped),
            *rank(known.standing, known.published, 0, known.id),
        )

    def _fold(self, verdict: New | Changed | Duplicate | Rejected, ours: KnownPost | None) -> None:
        """Make what was just decided known to the posts that follow."""
        post = verdict.post
        story = self._story(ours) if ours else post.id
        telling = ours.telling if ours else None
        if isinstance(verdict, Duplicate | Rejected) and verdict.story is not None:
            story = verdict.story
            telling = verdict.telling if ours is None else telling
        known = KnownPost(
            id=post.id,
            source=post.source,
            guid=post.guid,
            slug=post.slug,
            digest=post.digest,
            text_digest=post.text_digest,
            link=post.link,
            link_key=post.link_key,
            published=post.published,
            updated=post.updated,
            first_seen=post.first_seen,
            story=story,
            telling=telling,
            standing=post.standing,
            categories=post.categories,
            dropped=post.dropped,
            dated=post.dated,
            label_digest=post.label_digest,
            ended="post" if story in self._ended else None,
        )
        self._ids.add(post.id)
        self._stories[story][post.id] = known
        for key in post.keys:
            there = self._by_key.setdefault(key, [])
            if ours is not None:  # else its id is new, and there is nothing to replace
                there[:] = [k for k in there if k.id != post.id]
            there.append(known)


def _may_be_joined(known: KnownPost, post: Post) -> bool:
    """Whether a post of another source can have told what a new one tells.

    Where all of a source was taken down, copies of its posts are posts of their own sources.
    """
    return known.ended == "post" or (known.ended is None and known.source != post.source)


def _agree(known: KnownPost, post: Post) -> bool:
    """Whether two posts with one id are one thing: the same link, or the same title and text."""
    same_link = post.link_key is not None and post.link_key == known.link_key
    return same_link or _same_text(post, known)


def _same_text(one: Post | KnownPost, other: Post | KnownPost) -> bool:
    """Whether two posts say the same; those that say nothing do not agree about it."""
    return one.text_digest == other.text_digest != ""
