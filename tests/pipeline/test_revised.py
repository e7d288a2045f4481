"""An edit of the file and the poll that follows it say the same of a stored post."""

from dataclasses import replace

import pytest

from aggregator import pipeline
from aggregator.model import Condition, Known, Outdated, Rule, Unchanged
from aggregator.pipeline import revision
from tests.pipeline import given
from tests.pipeline.given import NOW, SITE, after, fetched, item, lease, poll, rss, source, stored


def drop(**condition):
    return Rule("rules.0", Condition(**{key: (value,) for key, value in condition.items()}), drop=True)


BODY = fetched(
    rss(
        item("one", author="Ann", term="Gold"),
        item("two", text="<p>Text with <b>silver</b> in it</p>"),
        item("three", author="Bob", link="https://b.example/x?id=3"),
        extra="<language>de</language>",
    )
)


@pytest.mark.parametrize(
    "edit",
    [
        {"categories": ("world",)},
        {"categories": ("{author}", "{term}")},
        {"tags": ("{author}新闻", "x")},
        {"title": "Another title"},
        {"title": "Another title", "categories": ("{feed_title}",)},
        {"republish": "link"},
        {"language": "fr"},
        {"language": "fr", "rules": (drop(language="fr"),)},
        {"rules": (drop(language="de"),)},
        {"rules": (drop(text="with silver"),)},
        {"rules": (drop(author="Ann"),)},
        {"rules": (drop(link="b.example"),)},
        {"rules": (Rule("r", unless=Condition(term=("Gold",)), also=("world",), tags=("t",)),)},
        {"confidential": True},
        {},
    ],
    ids=str,
)
def test_a_revised_post_is_unchanged_at_the_next_poll(edit):
    """Whatever was edited: same labels, same drops, and no reader is told of a change."""
    first = lease()
    _, outcome = poll(first, BODY)
    posts = tuple(verdict.post for verdict in outcome.verdicts)
    edited = source(definition="d2", **edit)
    settled = revision.classified(Outdated(edited, posts), SITE)
    assert [(p.id, p.published, p.updated) for p in settled.posts] == [
        (p.id, p.published, p.updated) for p in posts
    ]
    fresh = pipeline.read(lease(edited), BODY, NOW, SITE).posts
    names = ("labels", "tags", "republish", "dropped", "language", "label_digest", "digest")
    assert [[getattr(p, name) for name in names] for p in settled.posts] == [
        [getattr(p, name) for name in names] for p in fresh
    ]
    revised = revision.revise(settled, Known())
    known = stored(
        replace(
            outcome,
            verdicts=tuple(replace(v, post=p) for v, p in zip(outcome.verdicts, revised.posts, strict=True)),
        )
    )
    again = after(replace(first, source=edited), outcome)
    _, next_outcome = poll(again, BODY, known, now=NOW + given.HOUR)
    assert {type(verdict) for verdict in next_outcome.verdicts} == {Unchanged}
