"""The words of our documents: every language is whole, and every tag leads somewhere."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from aggregator.publish.words import direction, languages, tag, words_for

PLACEHOLDER = re.compile(r"\{\w+\}")


@pytest.mark.parametrize("language", languages())
def test_every_language_is_whole(language):
    """No word is empty, and each has the placeholders of the English one, once."""
    words, english = words_for(language), words_for("en")
    assert words.language == language
    for field in fields(words):
        word = getattr(words, field.name)
        assert word.strip(), field.name
        wanted = sorted(PLACEHOLDER.findall(getattr(english, field.name)))
        assert wanted == sorted(PLACEHOLDER.findall(word)), field.name


def test_the_promised_languages_are_there():
    """The languages that the documentation names."""
    assert {"en", "zh-CN", "zh-TW", "ja", "ko", "de", "fr", "es", "pt", "ru"} <= set(languages())


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", "zh-CN"),
        ("zh-Hans-HK", "zh-CN"),
        ("zh-Hant", "zh-TW"),
        ("zh_HK", "zh-TW"),
        ("de-AT", "de"),
        ("PT-br", "pt"),
        ("tlh", "en"),
        ("", "en"),
    ],
)
def test_tags_lead_to_words(language, words):
    """The script or region decides for Chinese, else the first part of the tag."""
    assert words == words_for(language).language


@pytest.mark.parametrize(
    ("language", "runs"),
    [("ar", "rtl"), ("he-IL", "rtl"), ("fa", "rtl"), ("ur", "rtl"), ("az-Arab", "rtl"), ("en", "ltr"),
     ("ar-Latn", "ltr"), ("zh-CN", "ltr"), ("", "ltr")],
)  # fmt: skip
def test_direction(language, runs):
    """A named script wins over the language's usual one."""
    assert runs == direction(language)


@pytest.mark.parametrize(
    ("raw", "declared"),
    [
        ("en-us", "en-us"),
        (" en_US ", "en-US"),
        ("zh-Hans-CN", "zh-Hans-CN"),
        ("cn", "zh"),
        ("jp-JP", "ja-JP"),
        ("english", ""),
        ("xx", ""),
        ("x-private", ""),
        ('en"><script>', ""),
        ("en-" + "a-" * 40, ""),
        ("", ""),
    ],
)
def test_only_languages_are_declared(raw, declared):
    """What a feed calls its language is not believed where it is none."""
    assert declared == tag(raw)
