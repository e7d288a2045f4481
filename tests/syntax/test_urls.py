"""URLs: made absolute and valid, freed of trackers, compared."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.syntax import urls

# What the W3C feed validator takes for a URI, brackets only around an IPv6 host.
URI = re.compile(r"https?://(?:\[[0-9a-f:.]+\])?(?:[A-Za-z0-9;/?:@&=+$._!~*'(),#-]|%[0-9A-Fa-f]{2})*")


@pytest.mark.parametrize(
    ("base", "href", "expected"),
    [
        ("", "https://e.com/a?b=c#d", "https://e.com/a?b=c#d"),
        ("https://e.com/a/b", "../c", "https://e.com/c"),
        ("https://e.com/a/b", "?p=1", "https://e.com/a/b?p=1"),
        ("https://e.com/a", "//other.net/x", "https://other.net/x"),
        ("https://e.com/", " \n/a\t b ", "https://e.com/a%20b"),
        ("", "https://例子.中国/路径?q=中", "https://xn--fsqu00a.xn--fiqs8s/%E8%B7%AF%E5%BE%84?q=%E4%B8%AD"),
        ("", "https://EXAMPLE.com/a[1]?b={c}|d#^", "https://example.com/a%5B1%5D?b=%7Bc%7D%7Cd#%5E"),
        ("", "https://e.com/100%/%zz%41", "https://e.com/100%25/%25zz%41"),
        ("", "http:\\\\e.com\\@evil.com/", "http://e.com/@evil.com/"),
        ("", "http:///e.com/x", "http://e.com/x"),
        ("", "https://user:secret@e.com/", "https://e.com/"),
        ("", "http://[2001:DB8::1]:8080/a", "http://[2001:db8::1]:8080/a"),
        ("", "https://e.com/\ud800\x00x", "https://e.com/x"),
        ("", "/a", ""),
        ("file:/etc/", "passwd", ""),
        ("https://e.com/", "javascript:alert(1)", ""),
        ("https://e.com/", "java\nscript:alert(1)", ""),
        ("https://e.com/", "\x01javascript:alert(1)", ""),
        ("https://e.com/", "data:text/html,x", ""),
        ("https://e.com/", "mailto:a@e.com", ""),
        ("", "https://e.com:99999/", ""),
        ("", "https://a..b/", ""),
        ("", "https://exa mple.com/", ""),
        ("", "https://[::1/", ""),
        ("", "https://" + "a" * 300 + ".com/", ""),
        ("", "https://e.com/" + "a" * 9000, ""),
    ],
)
def test_absolute(base, href, expected):
    """A link is an absolute and valid http(s) URL without credentials, or nothing."""
    assert urls.absolute(base, href) == expected


@given(st.text(max_size=60), st.sampled_from(["", "https://e.com/a/b?c", "file:/x"]))
def test_what_is_made_absolute_is_a_uri(href, base):
    """Whatever stands in a link, what comes out is a valid URI, made once and for all, or nothing."""
    for made in (urls.absolute(base, href), urls.absolute("", f"https://{href}")):
        assert made == "" or URI.fullmatch(made)
        assert urls.absolute("", made) == made
        assert urls.cleaned(made) == urls.cleaned(urls.cleaned(made))
        assert urls.key(urls.cleaned(made)) == urls.key(made)


@pytest.mark.parametrize(
    ("url", "drop", "keep", "expected"),
    [
        ("https://e.com/a?utm_source=x&id=3&Fbclid=y", (), (), "https://e.com/a?id=3"),
        ("https://e.com/a?utm_source=x", (), (), "https://e.com/a"),
        ("https://e.com/a?id=3&amp;utm_medium=rss", (), (), "https://e.com/a?id=3"),
        ("https://e.com/a?b=2&a=1#part", (), (), "https://e.com/a?b=2&a=1#part"),
        ("https://e.com/a#xtor=RSS-1", (), (), "https://e.com/a"),
        ("https://e.com/?p=2", (), (), "https://e.com/?p=2"),
        ("https://e.com/a?Ref=x&id=3", ("ref",), (), "https://e.com/a?id=3"),
        ("https://e.com/a?utm_source=x", (), ("UTM_Source",), "https://e.com/a?utm_source=x"),
        ("https://e.com/play?scene=3", (), (), "https://e.com/play?scene=3"),
        ("https://mp.weixin.qq.com/s?sn=ab&scene=27#rd", (), (), "https://mp.weixin.qq.com/s?sn=ab#rd"),
        ("javascript:1", (), (), ""),
    ],
)
def test_cleaned(url, drop, keep, expected):
    """Only parameters that track go; the rest stays as it was written."""
    assert urls.cleaned(url, drop, keep) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://e.com/a/", "https://E.com:443/a"),
        ("https://e.com/a/../b/./c", "https://e.com/b/c"),
        ("https://e.com/a?b=1&a=2", "https://e.com/a?a=2&b=1&utm_source=x"),
        ("https://e.com/a/index.html", "https://e.com/a"),
        ("https://e.com/a;jsessionid=12AB?x=1", "https://e.com/a?x=1"),
        ("https://e.com/a#comments", "https://e.com/a"),
        ("https://e.com/%7euser", "https://e.com/~user"),
        ("https://例子.中国/", "http://xn--fsqu00a.xn--fiqs8s"),
        ("http://e.com:80", "https://e.com/"),
    ],
)
def test_spellings_of_one_address_have_one_key(one, other):
    """What differs only in spelling, scheme or trackers is one address."""
    assert urls.key(one) == urls.key(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://e.com/a", "https://e.com/A"),
        ("https://e.com/?p=1", "https://e.com/?p=2"),
        ("https://e.com/#!/1", "https://e.com/#!/2"),
        ("https://e.com/CHANGELOG#v1.1", "https://e.com/CHANGELOG#v1.2"),
        ("https://e.com/a", "https://e.com:8443/a"),
        ("https://m.e.com/a", "https://e.com/a"),
    ],
)
def test_other_addresses_have_other_keys(one, other):
    """What a server may tell apart stays apart."""
    assert urls.key(one) != urls.key(other)


def test_no_key_without_a_web_address():
    """Only http(s) URLs can be compared."""
    assert urls.key("tag:e.com,2026:x") == urls.key("") == ""


@pytest.mark.parametrize(
    ("url", "home", "expected"),
    [
        ("https://e.com", "", True),
        ("http://e.com/index.php", "https://other.net/", True),
        ("https://e.com/blog/", "http://e.com/blog?utm_source=rss", True),
        ("https://e.com/blog/1", "https://e.com/blog", False),
        ("https://e.com/?p=1", "https://e.com/", False),
        ("", "", False),
    ],
)
def test_is_home(url, home, expected):
    """A bare host and the feed's own page name a site, not an entry."""
    assert urls.is_home(url, home) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://e.com/?p=1", True),
        ("tag:e.com,2026:x/1", True),
        ("tag:e.com,2026-11-24:x#y", True),
        ("urn:uuid:1225c695-cfb8-4ebb-aaaa-80da344efa6a", True),
        ("urn:isbn:123", True),
        ("post:12", True),
        ("at://did:plc:x/app", True),
        ("urn:uuid:1", False),
        ("tag:E.com,2026:x", False),
        ("tag:e.com:x", False),
        ("https:///x", False),
        ("http://例.中国/1", False),
        ("https://e.com/a b", False),
        ("https://e.com/a[1]", False),
        ("https://e.com/#a#b", False),
        ("https://e.com/%zz", False),
        ("12:30", False),
        ("C:\\feeds", False),
        ("c:feeds", False),
        ("/relative", False),
        ("x-scheme:", False),
        ("foo://", False),
        ("javascript:alert(1)", False),
        ("", False),
    ],
)
def test_is_iri(text, expected):
    """An atom:id is an absolute and valid URI; nothing that merely has a colon."""
    assert urls.is_iri(text) is expected
