"""What a post of a Jekyll site is of: by its link line, as ours and others write it, or its front matter."""

import pytest

from aggregator.publish import addresses

LINK = "https://example.org/1"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"---\nlayout: post\n---\n<p>x</p>\n\n<{LINK}>\n\n[返回](//x)｜[返回首页](//y)", [LINK]),
        (f"---\r\ntitle: x\r\n---\r\nText\r\n\r\n<{LINK}>\r\n", [LINK]),
        (f"---\n---\n<https://quoted.example/>\n\nmore\n\n{LINK}\n", [LINK]),
        (f"---\nlink: '{LINK}'  # the article\n---\nText", [LINK]),
        (f'---\ncanonical_url: "{LINK}"\nguid: tag:a.example,2026:1\n---\n', [LINK, "tag:a.example,2026:1"]),
        (f"---\nurl: {LINK} # x\n---\n<{LINK}>\n", [LINK]),
        ("---\nlink: /local\nguid: 17\npermalink: https://x.example/\n---\nText", []),
        (f"---\ntitle: x\n---\nsee <{LINK}> and {LINK}", []),
        (f"<{LINK}>", [LINK]),
        ("---\nnever closed", []),
        ("", []),
    ],
)
def test_addresses(text, found):
    """Each once, the link line first."""
    assert list(addresses(text.encode())) == found


def test_hostile_files_end():
    """Megabytes of half lines are read in linear time."""
    for piece in ("---\n", "<https://", "link: ", " \t", "---\n---"):
        addresses(piece.encode() * 200_000)
