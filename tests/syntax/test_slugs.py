"""Slugs: readable, valid, made once."""

import random
import re

import pytest
import slugify as libraries
from hypothesis import given
from hypothesis import strategies as st

from aggregator.syntax.slugs import LONGEST, slugify


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("中国市场监管新闻网", "zhongguoshichangjianguanxinwenwang"),
        ("重庆日报 AI", "chongqingribao-ai"),
        ("银行业动态", "yinhangyedongtai"),
        ("already-a-slug-2", "already-a-slug-2"),
        ("Über  Straße", "uber-strasse"),
        ("Hello, World!", "hello-world"),
        ("a" * 80, "a" * 60),
    ],
)
def test_slugify(value, expected):
    """Writing that can be romanized is, Chinese by words; a slug stays."""
    assert slugify(value) == expected


def test_what_leaves_nothing_has_a_hash():
    """Values without any letter still differ from each other."""
    assert re.fullmatch(r"c-[0-9a-f]{8}", slugify("!!!"))
    assert slugify("!!!") != slugify("???")


@given(st.text(max_size=100))
def test_every_value_has_a_slug(value):
    """Whatever the value, its slug is valid, short, and its own slug."""
    slug = slugify(value)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)
    assert len(slug) <= 60
    assert slugify(slug) == slug


def test_ascii_needs_no_transliteration_to_come_to_the_same():
    """What is ASCII already gets the slug that python-slugify gives it."""
    pieces = ("a", "B", "1", "2", ",", "'", "-", " ", "_", '"', "/", "x" * 40, "---", ".", "<", ";")
    chosen = random.Random(7)
    for _ in range(4000):
        value = "".join(chosen.choices(pieces, k=chosen.randint(1, 10)))
        if made := libraries.slugify(value, max_length=LONGEST).strip("-"):
            assert slugify(value) == made, value
