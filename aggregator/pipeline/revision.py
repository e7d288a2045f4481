"""Pure. What happens to stored posts when the file is edited, without doing any of it.

The other half of `pipeline`: what a poll does to an entry after it was normalized is done again, from what
is stored and without a poll::

    outdated | classified: classify, label | known | revise: assign | revise

A post keeps its id, its dates and what its source said, and names its source as it did, unless that has
become confidential; nothing here sees a body or judges duplicates.
"""

from __future__ import annotations

from aggregator import classify, dedupe, normalize
from aggregator.model import Known, Lookup, Outdated, Post, Revision, SiteIdentity, Source, replace


def classified(outdated: Outdated, identity: SiteIdentity) -> Outdated:
    """The posts with the labels that their source's definition gives them now, or dropped by its rules."""
    source = outdated.source
    return replace(outdated, posts=tuple(_classified(post, source, identity) for post in outdated.posts))


def _classified(post: Post, source: Source, identity: SiteIdentity) -> Post:
    post = replace(post, language=source.language or post.said.language or post.language)
    if source.confidential and not post.via:  # else its origin is another feed
        post = replace(post, origin=normalize.concealed(post.origin, source, identity))
    sorted_ = classify.classify(post, source)
    return replace(sorted_, label_digest=dedupe.label_digest(sorted_))


def lookup(outdated: Outdated) -> Lookup:
    """What `revise` needs to know of the store about posts that were `classified`."""
    labels, slugs = classify.wanted(outdated.posts, outdated.source)
    return Lookup(outdated.source.url, labels=labels, slugs=slugs)


def revise(outdated: Outdated, known: Known) -> Revision:
    """Posts that were `classified` with the slugs of their categories, and the categories that this makes."""
    posts, made = classify.assign(outdated.posts, known, outdated.source)
    used = {slug for post in posts for slug in post.categories}
    return Revision(outdated.source, tuple(posts), tuple(c for c in made if c.slug in used))
