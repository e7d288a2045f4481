"""By what near duplicates are looked for."""

import subprocess
import sys

import pytest

from aggregator.dedupe.shingles import BANDS, LEAST, LONGEST, VERSION, bands, folded

CHINESE = "沪指午后震荡走强，截至收盘报3012.45点，半导体、银行板块领涨，两市成交额达8532亿元。"
ENGLISH = (
    "Shares of the company rose 5.2% on Monday after it reported revenue of $1,204 million for the quarter."
)
GOLDEN = ("1.2", (-197539258163339188, 3455680372998682271), (-4059218503074956989, 8365139227432185278))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ＡＰＥＣ　峰会（１２．５％）", "apec峰会 (12.5%)"),
        ("A 股 涨 5 %", "A股涨5%"),
        ("Revenue: $1,204,500!", "revenue 1204500"),
        ("down \u22120.5 points", "Down -0.5 points"),
        ("a state-of-the-art plan", "a state of the art plan"),
        ("3 - 5 \u2013 7", "3 5 7"),
        ("What?\n\n  Yes_No…", "what yes no"),
    ],
)
def test_one_spelling(one, other):
    """Case, width, spaces and punctuation tell nothing."""
    assert folded(one) == folded(other)


@pytest.mark.parametrize(("one", "other"), [("1.5", "15"), ("-5", "5"), ("3 5", "35"), ("1,5", "15")])
def test_numbers_stay_apart(one, other):
    """What makes another number is not folded away."""
    assert folded(one) != folded(other)


@pytest.mark.parametrize("text", [CHINESE, ENGLISH], ids=["zh", "en"])
def test_as_many_bands_as_said(text):
    """All of them different, and each fits a column of 64 bits."""
    found = bands(text)
    assert len(set(found)) == BANDS
    assert all(-(2**63) <= band < 2**63 for band in found)


def test_bands_of_a_band_differ_by_its_number():
    """A text of one shingle over and over has the same rows in no two bands."""
    assert len(set(bands("ab" * 100))) == BANDS


def test_short_texts_have_none():
    """What so many say that it tells nothing."""
    assert bands("沪指涨0.5%") == bands("") == bands("…" * 1000) == ()
    assert bands("x" * (LEAST - 1)) == ()
    assert bands("x" * LEAST) != ()


def test_no_more_is_looked_at_than_said():
    """A text without end costs what a long one costs."""
    text = CHINESE * (LONGEST // len(CHINESE) + 1)
    assert bands(text[:LONGEST]) == bands(text[:LONGEST] + ENGLISH)


@pytest.mark.parametrize("text", ["\ud800" + CHINESE, CHINESE + "\x00\x1f", "\U0001f600" * 50 + ENGLISH])
def test_odd_characters(text):
    """A lone surrogate or an emoji stops nothing."""
    assert set(bands(text)) & set(bands(CHINESE)) or set(bands(text)) & set(bands(ENGLISH))


def test_the_recipe_stays():
    """Bands are stored: where this fails, the library or the recipe has changed, and VERSION must."""
    assert (VERSION, bands(ENGLISH)[:2], bands(CHINESE)[:2]) == GOLDEN


def test_every_process_finds_the_same():
    """Nothing in it depends on the seed of Python's own hashes."""
    code = f"from aggregator.dedupe.shingles import bands; print(bands({ENGLISH!r}))"
    run = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        for seed in ("1", "2")
    ]
    assert run[0].stdout == run[1].stdout == f"{bands(ENGLISH)}\n"
