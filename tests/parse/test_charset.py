"""Bytes and a header -> text: whom to believe, and what to take out."""

import pytest

from aggregator.parse.charset import clean, xml_characters

ZH = "新闻标题：金融消息"
JA = "日本語のニュース"


def document(label: str, text: str = ZH) -> str:
    declaration = f' encoding="{label}"' if label else ""
    return f'<?xml version="1.0"{declaration}?><t>{text}</t>'


@pytest.mark.parametrize(
    ("codec", "declared", "header", "text"),
    [
        ("utf-8", "", "", ZH),
        ("utf-8", "utf-8", "text/xml", ZH),  # RFC 3023's us-ascii for text/xml is dead (RFC 7303)
        ("utf-8", "utf-8", "text/html; charset=iso-8859-1", ZH),
        ("utf-8", "gb2312", "", ZH),  # valid UTF-8 is never anything else
        ("utf-8", "us-ascii", "", ZH),
        ("utf-8-sig", "", "text/xml; charset=gbk", ZH),
        ("utf-8", "undefined", "text/xml; charset=punycode", ZH),
        ("utf-8", "unicode_escape", "text/xml; charset=a\0b", ZH),
        ("utf-16", "utf-16", "", ZH),
        ("utf-16-le", "utf-16", "", ZH),
        ("utf-16-be", "", "", ZH),
        ("utf-32", "utf-32", "", ZH),
        ("utf-32-be", "", "", ZH),
        ("gb18030", "gb2312", "", "朱镕基谈龘㐀"),  # beyond GB 2312, whatever the label says
        ("gbk", "GBK", "text/xml; charset=utf-8", ZH),
        ("gbk", "gbk", "text/xml; charset=ISO-8859-1", ZH),  # a server's default
        ("gbk", "", 'text/xml; charset="GB2312"', ZH),
        ("big5", "Big5", "", "財經新聞"),
        ("cp932", "Shift_JIS", "", "①" + JA),
        ("euc_jp", "euc-jp", "", JA),
        ("iso2022_jp", "ISO-2022-JP", "", JA),
        ("cp949", "euc-kr", "", "경제 뉴스"),
        ("koi8_r", "koi8-r", "", "Новости"),
        ("cp1251", "windows-1251", "", "Новости"),
        ("iso8859_2", "iso-8859-2", "", "Příliš žluťoučký"),
        ("cp1252", "iso-8859-1", "", "it’s “café”"),  # what Latin-1 means on the web
        ("cp1252", "utf-8", "", "it’s"),  # no UTF-8 at all, so the oldest guess
    ],
)
def test_the_encoding_is_found(codec, declared, header, text):
    """The text comes out whole, whatever the header and the declaration say."""
    cleaned = clean(document(declared, text).encode(codec), header)
    assert f"<t>{text}</t>" in cleaned.text
    assert cleaned.text.startswith('<?xml version="1.0" encoding="utf-8"?>')


@pytest.mark.parametrize("label", ["utf-8", "", "iso-8859-1", "gb2312"])
@pytest.mark.parametrize("bad", [b"\xff", b"\xe9", b"\x92", b"\xe4\xb8"])
def test_one_bad_byte_costs_one_character(label, bad):
    """Mostly valid UTF-8 stays UTF-8; the bad place becomes U+FFFD and is reported."""
    before, after = document(label, ZH + "|" + ZH).encode().split(b"|")
    cleaned = clean(before + bad + after, "")
    assert f"<t>{ZH}\ufffd{ZH}</t>" in cleaned.text
    assert cleaned.repairs == ("read as utf-8; invalid byte sequences replaced: 1",)


def test_one_bad_byte_in_gbk():
    """A broken byte in another encoding does not change the encoding either."""
    before, after = document("gbk", ZH + "|" + ZH * 3).encode("gbk").split(b"|")
    cleaned = clean(before + b"\xff" + after, "")
    assert f"{ZH}\ufffd{ZH}" in cleaned.text
    assert cleaned.repairs == ("read as gb18030; invalid byte sequences replaced: 1",)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"<t>a\x00b\x0bc\x1fd</t>", "<t>abcd</t>"),
        ("<t>a\ufffeb\uffffc</t>".encode(), "<t>abc</t>"),
        (b"<t>&#0;&#x0;&#8;&#xB;&#xD800;&#xFFFE;&#99999999;&#xFFFFFFFFFF;</t>", "<t></t>"),
        (b"<t>&#0&#1 x</t>", "<t> x</t>"),
        (b"<t>&#" + b"9" * 9000 + b";</t>", "<t></t>"),
        (b"<t>&#10;&#233;&#xE9;&#0000233;&#x1F600;</t>", "<t>&#10;&#233;&#xE9;&#0000233;&#x1F600;</t>"),
        (b"<t>&#55357;&#56832;&#xD83D;&#xDE00;&#xd83d;</t>", "<t>😀😀</t>"),
        (b"\n\n  <t/>", "<t/>"),
        (b"\xef\xbb\xbf \xef\xbb\xbf<t/>", "<t/>"),
        (b"oops<t/>", "<t/>"),
        (b"<br/>warning<?xml version='1.1'?><rss/>", '<?xml version="1.0" encoding="utf-8"?><rss/>'),
        (b"<rss><?xml version='1.0'?></rss>", "<rss><?xml version='1.0'?></rss>"),
        (b'{"a": "<b>"}', '{"a": "<b>"}'),
        (b"", ""),
    ],
)
def test_what_no_xml_may_hold_goes(body, text):
    """Characters and references that XML 1.0 has no place for are gone; all others stay as written."""
    assert clean(body, "").text == text


def test_of_all_characters_only_those_go():
    """At each end of what XML 1.0 allows (2.2): the last one that stays, and the first that goes."""
    ends = (0xD7FF, 0xD800, 0xDFFF, 0xE000, 0xFFFD, 0xFFFE, 0xFFFF, 0x10000, 0x1FFFE, 0x10FFFF)
    for code in (*range(0x100), *ends):
        allowed = code in (9, 10, 13) or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or code > 0xFFFF
        assert xml_characters(f"a{chr(code)}b") == (f"a{chr(code)}b" if allowed else "ab")
        if not 0xD800 <= code < 0xE000:  # nothing decodes to a surrogate
            one = clean(f"<a>{chr(code)}</a>".encode(), "")
            assert one.text == (f"<a>{chr(code)}</a>" if allowed else "<a></a>"), hex(code)
            assert bool(one.repairs) != allowed


def test_repairs_are_reported():
    """What was mended is said, and nothing is said where nothing was."""
    assert clean(document("utf-8").encode(), "").repairs == ()
    assert clean(b"x<t>\0\0&#0;</t>", "").repairs == (
        "control characters removed: 2",
        "references to what is no character removed: 1",
        "text before the document removed",
    )
