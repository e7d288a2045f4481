"""Pure. The life of one post: its dates, how it was sorted, how it joined its story, why it is hidden.

How it was sorted is worked out again from what is stored, by `classify` itself, under the file as it is now;
where the post was sorted under another edition of it, the answer says so.
"""

from __future__ import annotations

from collections.abc import Iterable

from aggregator import classify, normalize
from aggregator.model import (
    Condition,
    DateRule,
    ExplainedCategory,
    ExplainedPost,
    Label,
    Post,
    Rule,
    Source,
    StoredPost,
)
from aggregator.pipeline.explaining.around import Around, span, when
from aggregator.syntax import patterns
from aggregator.syntax.labels import fold

_DATED: dict[DateRule, str] = {
    "published": "its own date",
    "updated": "its own `updated`: it has no date of publication that can be believed",
    "first-seen": "when it was first seen: it brought no date that can be believed",
    "position": "its place in the document: it brought no date that can be believed, and on a first poll "
    "such entries keep the feed's order, below the dated ones",
}
_LONGEST = 60


def explained(stored: StoredPost, around: Around) -> ExplainedPost:
    """Everything about one post but where it is shown."""
    post, source = stored.post, around.source(stored.post.source)
    rules = tuple(classify.fitting(post, source)) if source is not None else ()
    return ExplainedPost(
        id=post.id,
        id_why=_id_why(post, around),
        guid="" if around.hides(post.guid, post.source) else post.guid,
        title=post.title,
        link=post.link,
        source=around.name(post.source),
        first_seen=post.first_seen,
        published=post.published,
        dated=post.dated,
        published_why=_published_why(post),
        updated=post.updated,
        updated_why=_updated_why(post),
        categories=_categories(stored, source, rules, around),
        tags=post.tags,
        republish=post.republish,
        republish_why=next(
            (f"by {r.name}" for r in reversed(rules) if r.republish), "as the file says for its feed"
        ),
        rules=tuple(in_words(rule, quoted=source is not None and not source.confidential) for rule in rules),
        joined=stored.joined,
        similarity=stored.similarity,
        joined_why=_joined_why(stored),
        hidden=hidden(stored, around),
        notes=tuple(_notes(stored, source)),
    )


def hidden(stored: StoredPost, around: Around) -> str:
    """Why a post is shown nowhere; "" where nothing speaks against it."""
    reasons = []
    if stored.ended is not None:
        copy = "it copies what was " if stored.post.first_seen > stored.ended.at else ""
        reasons.append(f"{copy}taken down on {when(stored.ended.at)} by {stored.ended.reason}")
    elif (status := around.status(stored.post.source)) is not None and status.taken is not None:
        reasons.append(f"all of its source was taken down on {when(status.taken)}")
    if stored.retracted is not None:
        comment = f": {stored.retracted.comment}" if stored.retracted.comment else ""
        reasons.append(f"its source says that it has deleted it on {when(stored.retracted.at)}{comment}")
    if stored.post.dropped:
        reasons.append(f"dropped by {stored.post.dropped}")
    if stored.awaits is not None:
        reasons.append(f"it waits for the text of its article, until {when(stored.awaits)} at the latest")
    if not stored.active:
        reasons.append("its source is not in the file any more; it is stored, and returns with it")
    if stored.purged:
        keep = span(around.config.output.keep)
        reasons.append(
            f"its content is gone: it was older than `output.keep` ({keep}), and in no document then"
        )
    return "; ".join(reasons)


def in_words(rule: Rule, *, quoted: bool = True) -> str:
    """A rule as the file has it, on one line. Not `quoted`: without what it looks for in the feed's URL."""
    parts = []
    for word, condition in (("if", rule.when), ("unless", rule.unless)):
        if condition is not None:
            parts.append(f"{word} {_condition(condition, quoted)}")
    deeds = ["drop"] if rule.drop else []
    for word, values in (("category", rule.category), ("also", rule.also), ("tags", rule.tags)):
        deeds += [f"{word} {', '.join(values)}"] if values else []
    deeds += [f"republish {rule.republish}"] if rule.republish else []
    return f"{rule.name}: {' '.join(parts)} then {'; '.join(deeds)}"


def _condition(condition: Condition, quoted: bool) -> str:
    said = []
    for name in Condition.__slots__:
        wanted: tuple[str, ...] = getattr(condition, name)
        if wanted:
            shown = [_cut(pattern) if quoted or name != "feed" else "…" for pattern in wanted]
            said.append(f"{name} {' or '.join(map(repr, shown))}")
    return " and ".join(said)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _id_why(post: Post, around: Around) -> str:
    if post.id == post.guid.strip():
        return "its own"
    if around.hides(post.guid, post.source):
        return "ours: its own would name a source that nobody may see"
    if not normalize.wanted_id(post.guid):
        return "ours: its guid is no absolute IRI" if post.guid else "ours: it brought none"
    return "ours: another post had its own id already"


def _published_why(post: Post) -> str:
    if post.dated in ("published", "updated") and post.published == post.first_seen:
        return "when it was first seen: its own date was not past by then"
    return _DATED[post.dated]


def _updated_why(post: Post) -> str:
    if post.updated == post.published:
        return "as published: nothing that a reader sees has changed since"
    if post.updated == post.claims_updated:
        return "its own `updated`, when a change came"
    return "when a poll found it changed"


def _joined_why(stored: StoredPost) -> str:
    if stored.story == stored.post.id:
        return "it founded the story"
    of = f" ({stored.telling})" if stored.telling not in (None, stored.story, stored.post.id) else ""
    match stored.joined:
        case "link":
            return f"it has the link of another member{of}"
        case "id":
            return f"it has the id of another member{of}, and the same link or text"
        case "alike":
            return f"in other words: {stored.similarity:.0%} of the shorter text is in the founder's, too"
        case None:
            return "it joined by its link or its id"


def _notes(stored: StoredPost, source: Source | None) -> Iterable[str]:
    post = stored.post
    if post.via:
        yield f"{post.via} brought it, and names {post.origin.title} as the feed that it is from"
    if post.link_key is None:
        yield "its link does not name this one entry (others share it, or it has none), so it ties no copies"
    if source is None:
        return
    if source.definition != stored.definition and not stored.purged:
        yield "the file was edited since it was sorted; the running daemon or `once` sorts it again"
    if stored.article_said and not stored.purged:
        used = (
            ""
            if post.whole or not post.article
            else "; not shown, since the file does not ask for it any more"
        )
        yield f"full text: {stored.article_said}{used}"
    elif source.full_text and not post.whole and not stored.purged:
        yield "full text: none, since a rule shows less of it than its feed"
    elif source.full_text and not stored.purged:
        yield "full text: none so far: it waits for its turn, or came before its feed asked for articles"
    if stored.purged and any(_asks_for_text(rule) for rule in source.rules):
        yield "which rules fit is not certain any more: its text is gone"
    if source.updates == "ignore":
        yield "changes of it are not taken over: its feed says `updates: ignore`"
    if source.confidential:
        yield "its source is confidential: documents name it, and never its address"


def _asks_for_text(rule: Rule) -> bool:
    return any(one is not None and bool(one.text) for one in (rule.when, rule.unless))


def _categories(
    stored: StoredPost, source: Source | None, rules: Iterable[Rule], around: Around
) -> tuple[ExplainedCategory, ...]:
    """Its categories, each with what put it there."""
    post = stored.post
    given = _given(post, source, rules) if source is not None else []
    if source is None:
        otherwise = "as the file said while its source was in it"
    elif source.definition != stored.definition:
        otherwise = "as the file said when it was sorted"
    else:
        otherwise = (
            "in place of what its template gives: the templates of one source make at most "
            f"{classify.TEMPLATED_AT_MOST} categories"
        )
    found = []
    for slug in post.categories:
        title = around.title(slug)
        by_value = (why for label, why in given if fold(label.value) in (fold(title), slug))
        by_slug = (why for label, why in given if label.slug == slug)
        found.append(ExplainedCategory(slug, title, [*by_value, *by_slug, otherwise][0]))
    return tuple(found)


def _given(post: Post, source: Source, rules: Iterable[Rule]) -> list[tuple[Label, str]]:
    """The labels that the file gives a post, each with where they come from."""
    title = source.title or post.said.feed_title

    def filled(templates: Iterable[str], by: str) -> list[tuple[Label, str]]:
        return [
            (label, f"{by}{_filling(template, post)}")
            for template in templates
            for label in classify.categories_of((template,), post, title)
        ]

    given = filled(source.categories, "as the file says for its feed")
    for rule in rules:
        if rule.category:
            given = filled(rule.category, f"moved by {rule.name}")
        given += filled(rule.also, f"added by {rule.name}")
    return given


def _filling(template: str, post: Post) -> str:
    """What a template was filled with, in words; "" for a fixed value."""
    names = patterns.placeholders(template)
    if not names:
        return ""
    said = {
        "author": post.said.author,
        "publisher": post.said.publisher,
        "term": next(iter(post.said.terms), ""),
        "feed_title": post.said.feed_title,
    }
    missing = [name for name in names if not said.get(name)]
    filled = f": '{template}' filled in for this entry"
    if missing:
        filled += f", which has no {' and no '.join(missing)}: the title of its source stands for that"
    return filled
