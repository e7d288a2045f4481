"""Sanitized HTML on a page of ours: nothing styled by its class names, nothing loaded but images."""

import pytest

from aggregator.syntax.html import sanitize
from aggregator.syntax.paged import for_page

BASE = "https://a.example/"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ('<p class="subscribe">x</p>', "<p>x</p>"),
        ("<h1>a</h1><h2>b</h2><h6>c</h6>", "<h2>a</h2><h3>b</h3><h4>c</h4>"),
        ("<h3>a</h3><h3>b</h3><h2>c</h2><h4>d</h4>", "<h2>a</h2><h2>b</h2><h2>c</h2><h3>d</h3>"),
        ("<table><tr><td>1", '<table tabindex="0"><tbody><tr><td>1</td></tr></tbody></table>'),
        (
            '<img src="/i.png" alt="An eye" class="big" loading="eager">',
            '<img src="https://a.example/i.png" alt="An eye" loading="lazy" referrerpolicy="no-referrer">',
        ),
        (
            '<img src="/i.png">',
            '<img src="https://a.example/i.png" alt="" loading="lazy" referrerpolicy="no-referrer">',
        ),
        (
            '<video src="/v/talk.mp4?x=1" poster="/p.png">no <b>video</b></video> after',
            '<a href="https://a.example/v/talk.mp4?x=1">▶ talk.mp4</a> after',
        ),
        (
            '<audio controls><source type="audio/ogg" src="/a.ogg"><source src="/a.mp3"></audio>',
            '<a href="https://a.example/a.ogg">▶ a.ogg</a>',
        ),
        ("<video>nothing to play</video>", ""),
        ("1 &lt; 2 &amp; <b>3</b>", "1 &lt; 2 &amp; <b>3</b>"),
    ],
)
def test_for_page(said, shown):
    """After the sanitizer, as always."""
    assert for_page(sanitize(said, BASE)) == shown


def test_no_attribute_can_break_out():
    """What looks like a tag within an attribute is no tag."""
    said = (
        """<img alt='<img src=x class="y" onerror=alert(1)>' src="/i.png">"""
        """<a title='" class="meta' href="/x">l</a>"""
    )
    shown = for_page(sanitize(said, BASE))
    assert shown.count("<img ") == shown.count("referrerpolicy") == 1
    assert "onerror=" not in shown.replace("&lt;img src=x class=&quot;y&quot; onerror=alert(1)&gt;", "")
    assert sanitize(shown, BASE).count("<") == shown.count("<")
