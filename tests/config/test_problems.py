# ruff: noqa: E501  (a row is a mistake and its text, each on one line)
"""Every mistake in feeds.yaml has its place and a text that says what to write instead."""

import pytest

from aggregator.config import decode, for_everybody, load
from aggregator.errors import ConfigError
from aggregator.fetch.request import fields
from aggregator.model import FetchFailed, Validators

FEED = "feeds: [https://example.org/feed.xml]\n"


def problems(text, environment=None):
    """What is wrong with a file, as lines."""
    with pytest.raises(ConfigError) as caught:
        load(text, name="feeds.yaml", directory="/srv/news", environment=environment or {})
    return list(caught.value.problems)


SYNTAX = [
    ("", "1:1: the file is empty; write feeds: and below it a line like - https://example.org/feed.xml"),
    ("# nothing\n", "1:1: the file is empty; write feeds: and below it a line like - https://example.org/feed.xml"),
    ("~", "1:1: the file is empty; write feeds: and below it a line like - https://example.org/feed.xml"),
    ("- https://example.org/feed.xml\n", "1:1: the file is a list; write feeds: above it"),
    ("https://example.org/feed.xml\n", "1:1: the file is one text; write feeds: above it"),
    ("feeds:\n\t- https://a.example/\n", "2:1: a tab indents this line; use spaces"),
    ("feeds: [https://a.example/\n", "1:8: this bracket is not closed where it should be; put text with brackets in single quotes"),
    ('site: {title: "News}\n', "1:15: this quote is never closed; close it in the same line"),
    ("site:\n  title: News: all\n", "2:14: a colon and a space stand in unquoted text; put it in single quotes, or start a new line"),
    ("site:\n  title: @home\n", "2:10: unquoted text cannot begin with @; put it in single quotes"),
    ("site:\n  title: *\n", "2:11: unquoted text cannot begin with * or &; put it in single quotes"),
    ("site:\n  title: a\n language: en\n", "3:2: this line is not indented like those above it; align it with its neighbours"),
    ("site:\n  title: 'it's'\n", "2:14: text goes on after a closing quote; write '' for a quote inside single quotes"),
    ("feeds:\n  - url: https://a.example/\n    category: {author}新闻\n", "3:23: text goes on after a bracket; put all of it in single quotes, like '{author}新闻'"),
    ('rules:\n  - if: {title: "\\d+"}\n    then: drop\n', "2:18: a backslash in double quotes begins an escape; put patterns in single quotes, like '\\d+'"),
    ("site: {title: !secret x}\n", "1:15: tags (!secret) are not read; put text that begins with ! in single quotes"),
    ("site: {title: *name}\n", "1:15: nothing above is named &name; put text that begins with * in single quotes"),
    ("feeds: &all [*all]\n", "1:14: *all stands inside what it repeats; delete it"),
    (FEED + "---\n" + FEED, '2:1: a second document begins here; delete the line "---"'),
    (FEED + "feeds: []\n", '2:1: key "feeds" is already at line 1; keep one of them'),
    ("site: &s {title: A}\nserver:\n  <<: *s\n", "3:3: merge keys (<<) are not read; put what feeds share under defaults:"),
    ("[a]: b\n", '1:1: a list stands where a key belongs; put text with brackets or braces in single quotes'),
    ("site: {title: a\x07b}\n", "1:16: the character U+0007 may not stand in a YAML file; delete it"),
    (FEED + "]\n", "2:1: this bracket closes none that is open; delete it"),
    (FEED + "...\nsite: {title: a}\n", '2:1: the line "..." ends the file; delete it'),
    ("{feeds: []}\nsite: {title: a}\n", "2:1: the file is complete above this line; put all keys inside its brackets, or none"),
    ("site:\n  title: 'News\nfeeds: ['https://a.example/']\n", "2:10: this quote is closed at line 3; close it where its text ends, in this line"),
    ("site: {title: \"News, language: en}\nstore: \"a.db\"\n", "1:15: this quote is closed at line 2; close it where its text ends, in this line"),
    ("feeds:\n  - https://a.example/\n    every: 1h\n", "3:5: this goes on with the text of the line above; align it with its neighbours, or begin that text with a key, like url:"),
    ("site:\n  title: a\n   url: https://a.example/\n", "3:4: this goes on with the text of the line above; align it with its neighbours, or begin that text with a key, like url:"),
    ("site:\n  title: a\u2028b\n  language: en\n", "2:11: the character U+2028 ends this line unseen; delete it"),
    ("site:\r\n  title: a\x85b\r\n  language: en\r\n", "2:11: the character U+0085 ends this line unseen; delete it"),
    ("site:\n  title: a\n" + "# " + "x\u2028" * 20_000, "5:2: the character U+2028 ends this line unseen; delete it"),
    (FEED + "\ufeffsite: {title: a}\n", "2:1: the character U+FEFF may not stand before a line; delete it"),
    ("site:\r  title: a\r  language: \x07\r", "3:13: the character U+0007 may not stand in a YAML file; delete it"),
    (FEED + "categories: {a: {feeds: [\n\n", "2:25: this bracket is never closed; close it, or put text with brackets in single quotes"),
    ("feeds:\n  - {url: https://a.example/,\n", "2:5: this bracket is never closed; close it, or put text with brackets in single quotes"),
    ("site: {title: a, , language: en}\n", "1:18: nothing stands before this comma; delete it"),
    ("[" * 100_000, "1:33: nested deeper than 32 levels; nothing here needs that"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), SYNTAX)
def test_a_fault_of_yaml_is_explained(text, expected):
    """What YAML does not allow, and what it would silently do, is an error with a remedy."""
    assert f"feeds.yaml:{expected}" in problems(text)


def test_aliases_that_multiply_are_refused():
    """Ten lines that would unfold to a billion values are an error at once."""
    levels = [f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 10)}]" for i in range(1, 10)]
    found = problems("\n".join(["l0: &l0 [x, x]", *levels]))
    assert found == ["feeds.yaml:6:5: more than 1,000,000 values, counting aliases; use fewer"]


VALUES = [
    ("feds: []\n", '1:1: the file has no key "feds"; write feeds'),
    ("min_interval: 1h\n", '1:1: the file has no key "min_interval"; write it below polling:'),
    ("feeds:\n  - url: https://a.example/\n    interval: 5m\n", '3:5: a feed has no key "interval"; write every'),
    ("feeds:\n  - {title: A}\n", "2:5: a feed lacks url; write its URL, or url: https://example.org/feed.xml"),
    ("feeds: https://a.example/\n", "1:8: feeds is no list; begin each item with a dash on a line of its own"),
    ("feeds: [a.example/feed]\n", '1:9: url: "a.example/feed" has no scheme; write https:// before it'),
    ("feeds: ['ftp://a.example/']\n", '1:9: url: "ftp://a.example/" is no http or https URL; write one like https://example.org/feed.xml'),
    ("feeds: ['https:///feed']\n", '1:9: url: "https:///feed" has no host; write one like https://example.org/feed.xml'),
    ("feeds: ['https://a.example:x/']\n", '1:9: url: "https://a.example:x/" is no URL; write one like https://example.org/feed.xml'),
    ("feeds: ['https://a.example/a b']\n", '1:9: url: "https://a.example/a b" has a character that stands in no URL; percent-encode it (a space is %20)'),
    ("feeds: ['file://host/x']\n", '1:9: url: "file://host/x" names a host; write file:PATH, or file:///PATH for an absolute one'),
    ("feeds: ['file:']\n", '1:9: url: "file:" names no file; write file:PATH, relative to this file'),
    ("feeds:\n  - {url: 3, categry: x}\n", '2:11: url: "3" is no http or https URL; write one like https://example.org/feed.xml'),
    ("feeds:\n  - url: https://a.example/\n    category: {author}\n", "3:15: category: {author} without quotes is a mapping in YAML; write '{author}' in quotes"),
    ("defaults: {category: '{autor}'}\n", '1:22: category: "{autor}" has the placeholder {autor}, which is unknown; write {author}'),
    ("defaults: {tags: [a, '{x']}\n", '1:22: tags: "{x" has a brace without its twin; write placeholders like {author}, and no other braces'),
    ("defaults: {every: 90}\n", '1:19: every: "90" is no duration; give the number a unit, like 90s or 90m'),
    ("defaults: {every: 12:30}\n", '1:19: every: "12:30" is no duration; write a number and a unit, like 90s, 15m, 2h or 1d'),
    ("defaults: {every: 0s}\n", '1:19: every: "0s" is too short; write at least 1s'),
    ("defaults: {insist: on}\n", '1:20: insist: "on" is neither true nor false; write true or false'),
    ("defaults: {republish: excerpts}\n", '1:23: republish: "excerpts" is none of the words for this key; write excerpt'),
    ("defaults: {language: zh_CN}\n", '1:22: language: "zh_CN" is no language tag; write zh-CN'),
    ("defaults: {timezone: asia/shanghai}\n", '1:22: timezone: "asia/shanghai" is no time zone; write Asia/Shanghai'),
    ("defaults: {timezone: Asia}\n", '1:22: timezone: "Asia" is no time zone; write a name like Asia/Shanghai, Europe/Berlin or UTC'),
    ("defaults: {headers: {Host: x}}\n", "1:28: Host: Host is ours to send; delete the line"),
    ("defaults: {url: https://a.example/}\n", "1:12: url is each feed's own; write it there"),
    ("site: {title: ''}\n", "1:15: title: the text is empty; write something, or delete the line"),
    ("site: {title: [a]}\n", "1:15: title: a list stands where one text belongs; write one of its items"),
    ("site: News\n", "1:7: site: one text stands where the keys of site belong; write title: My news below it, indented"),
    ("site: {url: 'https://a.example/?x'}\n", '1:13: url: "https://a.example/?x" is more than a place; write it without user, ? and #, like https://news.example.org/'),
    ("polling: {max_size: 10}\n", '1:21: max_size: "10" is no size; write a number and a unit, like 512KiB or 10MB'),
    ("polling: {per_host: none}\n", '1:21: per_host: "none" is not what this key takes; write a whole number from 1 to 100'),
    ("polling: {min_interval: 2d}\n", "1:25: min_interval: min_interval (2d) is longer than max_interval (1d); set both"),
    ("output: {formats: [atom, rsss]}\n", '1:26: formats: "rsss" is none of the words for this key; write rss'),
    ("output: {directory: data}\n", "1:21: directory: the store would lie in what is published; keep the two apart"),
    ("server: {listen: 8080}\n", '1:18: listen: "8080" has no host; write 127.0.0.1:8080, or 0.0.0.0:8080 for every address'),
    ("server: {listen: off}\n", "1:18: listen: off leaves no URL to publish; write site: {url: https://…/}"),
    ("server: {admin: '0.0.0.0:8081'}\n", "1:17: admin: beyond loopback it needs a password; write admin_token: ${ADMIN_TOKEN}"),
    ("server: {listen: '127.0.0.1:8081'}\n", "1:18: listen: listen and admin are one address; give them two"),
    ("server: {admin: '0.0.0.0:8081', admin_token: ''}\n", "1:46: admin_token: it is empty, and beyond loopback admin needs a password; set one"),
    ("server:\n  admin: 0.0.0.0:8081\n  admin_token: ${T:-}\n", "3:16: admin_token: it is empty, and beyond loopback admin needs a password; set one"),
    ("server:\n  admin: 0.0.0.0:8081\n  admin_token:\n", "3:15: admin_token: it is empty, and beyond loopback admin needs a password; set one"),
    ("store: mysql://u@h/db\n", "1:8: store: this is no database that we know; write a path, like data/aggregator.db, or postgresql://user:${PGPASSWORD}@host/database"),
    ("store: postgresql://u:secret@h\n", "1:8: store: it names no database; write postgresql://user@host/database"),
    ("store: postgresql://u:secret@h:x/db\n", "1:8: store: the port is none; write postgresql://user@host:5432/database"),
    ("store: postgresql+psycopg://u:secret@h/db\n", "1:8: store: write postgresql://user:${PGPASSWORD}@host/database"),
    ("categories: {Tech News: {}}\n", '1:14: "Tech News" is no slug; write lower-case letters a-z, digits and hyphens; the name for people is its title'),
    ("categories: [tech]\n", "1:13: categories stand in a mapping by slug; write news: and below it title: and feeds:"),
    ("rules: [{if: {title: '(a'}, then: drop}]\n", '1:22: title: "(a" is no pattern (missing ): (a); put a backslash before ( ) [ ] { } . * + ? where it is meant as it stands'),
    ("rules: [{if: {text: '(?=a)'}, then: drop}]\n", '1:21: text: "(?=a)" is no pattern (invalid perl operator: (?=); RE2 has no look-around and no back-references; use two rules, or `unless`'),
    ('rules: [{if: {text: "\\bFed"}, then: drop}]\n', '1:21: text: " Fed" holds a control character (in double quotes a backslash begins an escape); put it in single quotes'),
    ("rules: [{if: {titel: x}, then: drop}]\n", '1:15: a condition has no key "titel"; write title'),
    ("rules: [{if: {title: x}}]\n", "1:9: a rule lacks then; write if: {title: '广告'} and then: drop"),
    ("rules: [{if: {title: x}, then: dorp}]\n", "1:32: then: one text stands where the keys of then belong; write drop, or a mapping with category, also, tags or republish"),
    ("rules: [{then: drop}]\n", "1:9: a rule without a condition fits every post; write if: {title: '广告'}"),
    ("rules: [{if: {title: x}, then: {}}]\n", "1:32: then changes nothing; write drop, category, also, tags or republish"),
    ("feeds: [https://a.example/, https://a.example/]\n", "1:29: this feed is already in this list, at line 1; delete one of them"),
    ("categories: {a: {feeds: [https://a.example/]}}\nfeeds:\n  - {url: https://a.example/, every: 2h, paused: true}\n", "3:5: this feed is also at line 1, with another every and paused; one source has the same keys wherever it stands"),
    ("feeds:\n  - {url: https://a.example/, was: https://a.example/}\n", "2:36: was: this is the feed's own URL; write its former one"),
    ("site: {title: '${TITLE}'}\n", "1:15: the variable TITLE is not set; set it, or write ${TITLE:-} if it may be missing"),
    ("site: {title: '${'}\n", "1:15: ${ begins no variable; write ${NAME}, ${NAME:-default}, or $${"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), VALUES)
def test_a_value_that_does_not_fit_is_explained(text, expected):
    """Keys and values that we cannot honour are errors with line, column and what to write instead."""
    assert f"feeds.yaml:{expected}" in problems(text)


OURS = [
    "If-Match",
    "if-none-match",
    "If-Modified-Since",
    "If-Unmodified-Since",
    "IF-RANGE",
    "Range",
    "Host",
    "TE",
]
OURS += ["Accept-Encoding", "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authorization", "Expect"]
OURS += ["Content-Length", "Transfer-Encoding", "Trailer", "Upgrade"]


@pytest.mark.parametrize("name", OURS)
def test_headers_that_no_poll_could_send_are_refused(name):
    """What the fetch would refuse at every poll is an error of the file."""
    found = problems(f"defaults: {{headers: {{{name}: x}}}}\n")
    assert [line.partition(": ")[2] for line in found] == [f"{name}: {name} is ours to send; delete the line"]
    assert isinstance(fields("a", ((name, "x"),), Validators(), None), FetchFailed)


@pytest.mark.parametrize(
    "name", ["User-Agent", "Accept", "Accept-Language", "Authorization", "Cookie", "X-Key"]
)
def test_headers_that_are_the_operators(name):
    """Who we say that we are, and what we like, may be chosen."""
    config = load(f"defaults: {{headers: {{{name}: x}}}}\n{FEED}", name="f", directory="/srv", environment={})
    assert config.sources[0].headers == ((name, "x"),)
    assert not isinstance(fields("a", config.sources[0].headers, Validators(), None), FetchFailed)


def test_all_problems_come_at_once_in_the_order_of_the_file():
    """One look at the output is enough to mend the whole file."""
    text = (
        "site:\n  langage: en\n  timezone: Mars\n"
        "feeds:\n  - url: nothing\n    evry: 5\n  - https://a.example/\n  - https://a.example/\n"
        "rules:\n  - if: {title: '['}\n    then: drop\n"
    )
    places = [line.split(":")[1:3] for line in problems(text)]
    assert places == [["2", "3"], ["3", "13"], ["5", "10"], ["6", "5"], ["8", "5"], ["10", "17"]]


def test_an_unknown_key_hides_no_part_of_the_file():
    """What stands beside it is looked at as if it were not there."""
    text = "sites: a\nsite: News\ncategories: a\nrules: b\nfeeds: c\n"
    assert [line.split(":")[1] for line in problems(text)] == ["1", "2", "3", "4", "5"]
    inside = "categories:\n  news:\n    titel: a\n    feeds: c\n"
    assert [line.split(":")[1] for line in problems(inside)] == ["3", "4"]


def test_all_that_is_wrong_in_one_list_comes_at_once():
    """Each item of a list, and each header, is looked at."""
    text = (
        "rules:\n- if: {title: ['(', fine, '[']}\n  then: drop\n"
        "defaults:\n  headers:\n    Host: a\n    X-Key: é\n    a b: c\n"
    )
    assert [line.split(":")[1:3] for line in problems(text)] == [
        ["2", "16"], ["2", "27"], ["6", "11"], ["7", "12"], ["8", "10"],
    ]  # fmt: skip


UNSET = [
    "server: {admin: '0.0.0.0:8081', admin_token: '${T}'}\n",
    "server: {listen: '${T}', admin: '127.0.0.1:8080'}\n",
    "site: {url: '${T}'}\nserver: {listen: 'off'}\n",
    "polling: {min_interval: 2d, max_interval: '${T}'}\n",
    "output: {directory: data}\nstore: '${T}'\n",
    "output: {directory: '${T}'}\nstore: public/a.db\n",
    "feeds: ['https://a.example/${T}']\n",
    "feeds: [{url: '${T}'}]\n",
    "defaults: {tags: [a, '${T}']}\n",
    "defaults: {headers: {X-Key: '${T}'}}\n",
    "rules: [{if: {title: '${T}'}, then: drop}]\n",
    "rules: [{if: {title: a}, then: '${T}'}]\n",
    "rules: [{if: {title: a}, then: {category: '${T}'}}]\n",
]


@pytest.mark.parametrize("text", UNSET)
def test_a_variable_that_is_not_set_is_one_problem(text):
    """What follows from it is none of its own: above all no advice to write what stands there."""
    (found,) = problems(text)
    assert found.endswith("the variable T is not set; set it, or write ${T:-} if it may be missing")


BROKEN = [
    "site: {url: 'https://a.example/', titel: a}\nserver: {listen: 'off'}\n",
    "site: {url: a}\nserver: {listen: 'off'}\n",
    "output: {directory: site, entres: 5}\nstore: public/a.db\n",
    "output: {directory: data}\nstore: b.db\nstroe: c.db\n",
    "categories: {a: {feeds: [{url: 'https://a.example/', every: 2h}]}}\n"
    "feeds: ['https://a.example/']\ndefaults: {every: 2h, evry: 1h}\n",
]


@pytest.mark.parametrize("text", BROKEN)
def test_what_follows_from_a_mistake_is_no_second_one(text):
    """A part with a mistake is not taken for one that says nothing."""
    assert len(problems(text)) == 1


def test_what_comes_from_the_environment_is_not_shown():
    """A secret that does not fit its key is named as the file names it."""
    text = "defaults:\n  every: ${SECRET}\n  headers: {X-Key: '${SECRET}'}\nsite: {url: '${SECRET}'}\n"
    found = problems(text, {"SECRET": "12345é"})
    assert len(found) == 3
    assert "12345" not in "".join(found)
    assert found[0] == (
        'feeds.yaml:2:10: every: "${SECRET}" comes out as something else than this key takes; set it right'
    )


def test_a_variable_with_several_lines_is_refused():
    """Line breaks and bytes that are no text cannot come in through the environment."""
    expected = "the variable T holds line breaks or bytes that are no text; set it to one line"
    assert problems("site: {title: '${T}'}", {"T": "a\nb"}) == [f"feeds.yaml:1:15: {expected}"]
    assert problems("site: {title: '${T}'}", {"T": "\udcff"}) == [f"feeds.yaml:1:15: {expected}"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"site:\n  title: \xe4\n", "2:10: this is not UTF-8 (byte 0xE4); save the file as UTF-8"),
        (
            "site: {title: 新闻}".encode("gb18030"),
            "1:15: this is not UTF-8 (byte 0xD0); save the file as UTF-8",
        ),
        ("site:".encode("utf-16"), "1:1: this is not UTF-8 (UTF-16); save the file as UTF-8"),
        (
            "site: {title: 新闻".encode("utf-8-sig") + b"\xff}",
            "1:17: this is not UTF-8 (byte 0xFF); save the file as UTF-8",
        ),
    ],
)
def test_bytes_that_are_no_utf8_are_placed(content, expected):
    """Another encoding is an error at its first byte, never mojibake."""
    with pytest.raises(ConfigError) as caught:
        decode(content, "feeds.yaml")
    assert caught.value.problems == (f"feeds.yaml:{expected}",)


def test_bytes_of_utf8_are_decoded():
    """UTF-8 is read with and without a byte order mark."""
    assert decode("站\n".encode("utf-8-sig"), "f") == decode("站\n".encode(), "f") == "站\n"


SLIPPED = [  # where a secret may stand by mistake
    "feeds: ['https://u:hunter2@a.example/ b']\n",
    "feeds: ['ftp://a.example/?key=hunter2']\n",
    "feeds: ['http://internal.example:x/hunter2\"y']\n",
    "server: {admin: '0.0.0.0:8081', admin_token: {hunter2}}\n",
    "server: {admin_token: *hunter2}\n",
    "server: {admin_token: !hunter2 x}\n",
    "server: {admin_token: &hunter2 [*hunter2]}\n",
    "server: {admin_token: hunter2: x}\n",
    "server: {admin_token: 'hunter2' hunter2}\n",
    "server: {admin_token: @hunter2}\n",
    "server: {admin_token: [hunter2]}\n",
    "server: {admin_token: 'hunter2\x01'}\n",
    "server: {listen: hunter2}\n",
    "hunter2: x\n",
    "feeds: [https://a.example/]\nhunter2: x\nhunter2: y\n",
    "categories: {hunter2 x: {}}\n",
    "defaults: {headers: {Authorization: 'hunter2 é'}}\n",
    "defaults: {every: hunter2}\n",
    "defaults: {language: hunter2_}\n",
    "rules: [{if: {feed: '(hunter2'}, then: drop}]\n",
    "rules: [{if: {feed: '(?=hunter2)'}, then: drop}]\n",
    "store: postgresql://u:hunter2@h\n",
    "store: mysql://u:hunter2@h/db\n",
]


@pytest.mark.parametrize("text", SLIPPED)
def test_what_is_for_everybody_repeats_nothing_of_the_file(text):
    """`status.atom` is public; a value that is wrong may be a secret."""
    for problem in problems(text):
        told = for_everybody(problem)
        assert "hunter2" not in told
        assert "internal" not in told
        assert told.startswith("feeds.yaml:")
        assert len(told) > len("feeds.yaml:1:1: wrong")


def test_what_is_for_everybody_still_advises():
    """Our own words stay, with their examples."""
    text = (
        f"{FEED}server: {{listen: 8080, admin_token: '${{NOT_SET}}'}}\ndefaults: {{category: '{{autor}}'}}\n"
    )
    assert [for_everybody(problem) for problem in problems(text)] == [
        "feeds.yaml:2:18: listen: … has no host; write 127.0.0.1:8080, or 0.0.0.0:8080 for every address",
        "feeds.yaml:2:37: the variable NOT_SET is not set; set it, or write ${NOT_SET:-} if it may be missing",
        "feeds.yaml:3:22: category: … has the placeholder …, which is unknown; write {author}",
    ]
