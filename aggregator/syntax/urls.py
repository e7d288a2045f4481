"""Pure. URLs: made absolute and valid, freed of trackers, compared, and told from mere text.

What is published (`absolute`, `cleaned`) stays as close to what the source wrote as a valid URI allows; what
is compared (`key`) is another string, never published. Nothing here resolves a name or judges an address.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from urllib.parse import quote, urljoin, urlsplit

from w3lib.url import canonicalize_url

from aggregator.syntax.chars import clean

LONGEST = 4096
"""Characters; a longer URL is refused, no server takes one."""

# What is written already as a valid URI is, but for stray percent signs: a shorter way for most links.
_NAME = r"[a-z0-9_-]{1,63}+(?:\.[a-z0-9_-]{1,63}+){0,3}+"
_SEGMENT = r"[A-Za-z0-9._~!$&'()*+,=:@%-]"
_REST = r"(?:\?[A-Za-z0-9._~!$&'()*+,;=:@/?%-]++)?(?:#[A-Za-z0-9._~!$&'()*+,;=:@/?%-]++)?"
_READY = re.compile(
    rf"https?://{_NAME}(?::[1-5]?[1-9]\d{{0,3}})?(?:/[A-Za-z0-9._~!$&'()*+,=:@/%-]*+)?{_REST}"
)
# A path from the root without dot segments is only put behind a host.
_ROOTED = re.compile(rf"(?:/(?![/.]){_SEGMENT}*+)++{_REST}")
# What is its own key, but for its scheme, index page and closing slash.
_PLAIN = re.compile(rf"https?://({_NAME})((?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*+)*+/?)")
_SLASHES = re.compile(r"(https?):/+", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SAFE_IN_PATH = "!$&'()*+,;=:@/-._~%"

# Names that no site uses for anything else; a name that could also tell pages apart is left to `drop`.
_TRACKERS = re.compile(
    r"(?:utm_\w+|mtm_\w+|pk_(?:campaign|kwd|keyword|source|medium|content|cid)|hsa_\w+|_hs(?:enc|mi)|mc_[ce]id"
    r"|vero_\w+|oly_\w+|at_(?:campaign|medium|custom\d|link_\w+|format|ptr_name)|ns_(?:source|mchannel|campaign)"
    r"|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|yclid|twclid|ttclid|li_fat_id|igshid|igsh|srsltid|cmpid"
    r"|guce_\w+|guccounter|__twitter_impression|_openstat|xtor|spm|scm|isappinstalled|nsukey|wx_\w+|chksm)",
    re.IGNORECASE,
)
_TRACKERS_OF = {
    "mp.weixin.qq.com": frozenset({"scene", "subscene", "srcid", "from", "sessionid", "clicktime"})
}
# What a web server adds that names no other page. `;jsessionid=` is Java's session in the path.
_SESSION = re.compile(r";jsessionid=[^/?;]*", re.IGNORECASE)
_SESSION_PARAMETER = re.compile(
    r"(?:phpsessid|jsessionid|aspsessionid\w*|cfid|cftoken)=.*|(?:sid|s|sessionid)=[0-9a-f]{32}",
    re.IGNORECASE,
)
_INDEX = re.compile(r"/(?:index\.(?:html?|php|jsp|aspx?)|default\.aspx?)$", re.IGNORECASE)

_IRI = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+):(?:(?P<slashes>//)(?P<host>(?=[^/?#]))?)?"
    r"(?:[A-Za-z0-9;/?:@&=+$._!~*'(),-]|%[0-9A-Fa-f]{2})*(?:#(?:[A-Za-z0-9;/?:@&=+$._!~*'(),-]|%[0-9A-Fa-f]{2})*)?"
)
_TAG = re.compile(r"tag:(?:[a-z0-9._-]+@)?[a-z0-9.-]+,\d{4}(?:-\d{2}(?:-\d{2})?)?:", re.ASCII)
_URN = re.compile(r"urn:[a-z0-9][a-z0-9-]{1,31}:(?:[a-z0-9()+,.:=@;$_!*'-]|%[0-9a-f]{2})+", re.IGNORECASE)
_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# An id is only compared, but readers show and store it: nothing that runs.
_ACTIVE_SCHEMES = frozenset({"javascript", "vbscript", "data", "blob", "about"})


def absolute(base: str, href: str) -> str:
    """`href` as an absolute http(s) URL that is a valid URI, resolved against `base`; "" where it is none.

    White space and controls go as in browsers (URL Standard, 4.4), backslashes before the query are
    slashes, what may not stand in a URI is percent-encoded (RFC 3987, 3.1), an international host is written
    in ASCII, and credentials are left out: a link is for everybody.
    """
    if len(href) > LONGEST:
        return _resolved(base, href)
    if "%" not in href or _STRAY_PERCENT.search(href) is None:
        if _READY.fullmatch(href):
            return href
        if ":/" not in href and _ROOTED.fullmatch(href) and (root := _kept(base, "/")):
            return f"{root}{href[1:]}" if len(root) + len(href) <= LONGEST + 1 else ""
    return _kept(base, href)


def is_spelled_out(url: str) -> bool:
    """Whether it plainly is an absolute http(s) URL as `absolute` writes it: any base leaves it as it is."""
    return _READY.fullmatch(url) is not None


def _resolved(base: str, href: str) -> str:
    href = clean(href).replace("\n", "").replace("\t", "").replace("\r", "").strip()
    if len(href) > LONGEST:
        return ""
    end = min((at for at in (href.find("?"), href.find("#")) if at >= 0), default=len(href))
    href = _SLASHES.sub(r"\1://", href[:end].replace("\\", "/"), count=1) + href[end:]
    try:
        return _spelled(urljoin(base, href))
    except ValueError:  # an invalid IPv6 literal or port, or a host that NFKC turns into something else
        return ""


_kept = lru_cache(maxsize=512)(_resolved)
"""A document says some of its links in every entry."""


def _spelled(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        return ""
    host = _ascii_host(parts.hostname or "")
    if not host:
        return ""
    port = "" if parts.port is None else f":{parts.port}"
    query = f"?{_quoted(parts.query, '?')}" if parts.query else ""
    fragment = f"#{_quoted(parts.fragment, '?')}" if parts.fragment else ""
    spelled = f"{parts.scheme}://{host}{port}{_quoted(parts.path)}{query}{fragment}"
    return spelled if len(spelled) <= LONGEST else ""


def _ascii_host(host: str) -> str:
    if len(host) > 253:  # RFC 1035, 2.3.4; the IDNA codec is slow on long names
        return ""
    if ":" in host:
        return f"[{host}]" if re.fullmatch(r"[0-9a-f:.]+", host) else ""
    try:
        host = host.encode("idna").decode("ascii").lower()
    except UnicodeError:  # an empty or overlong label
        return ""
    return host if _HOST.fullmatch(host) else ""


def _quoted(part: str, also: str = "") -> str:
    return quote(_STRAY_PERCENT.sub("%25", part), safe=_SAFE_IN_PATH + also)


def http(url: str) -> bool:
    """Whether it is an absolute http(s) URL with a host, as it stands or after encoding."""
    return bool(absolute("", url))


def cleaned(url: str, drop: Collection[str] = (), keep: Collection[str] = ()) -> str:
    """The URL without parameters that only track, fit to publish; "" where it is no http(s) URL.

    `drop` names more parameters to remove, `keep` some to leave; letter case does not matter. Order and
    spelling of the rest stay.
    """
    url = absolute("", url)
    if "?" not in url and "#" not in url:
        return url
    head, hash_, fragment = url.partition("#")
    path, mark, query = head.partition("?")
    if mark:
        dropped = {name.lower() for name in drop} | _TRACKERS_OF.get(
            urlsplit(url).hostname or "", frozenset()
        )
        kept = {name.lower() for name in keep}
        pairs = [pair for pair in query.split("&") if pair and not _tracks(pair, dropped, kept)]
        head = f"{path}?{'&'.join(pairs)}" if pairs else path
    if hash_ and _tracks(fragment, (), {name.lower() for name in keep}):
        hash_ = fragment = ""
    return head + hash_ + fragment


def _tracks(pair: str, dropped: Collection[str], kept: Collection[str]) -> bool:
    # `&amp;` written twice leaves parameters named `amp;utm_source`.
    name = pair.partition("=")[0].removeprefix("amp;").lower()
    return name not in kept and (name in dropped or _TRACKERS.fullmatch(name) is not None)


def key(url: str, drop: Collection[str] = (), keep: Collection[str] = ()) -> str:
    """What two spellings of one address have in common: for comparing, never to be published; "" for none.

    Without scheme, default port, trackers, session, index page, closing slash and fragment (but for those
    that tell entries apart); dot segments resolved, parameters sorted.
    """
    if (plain := _PLAIN.fullmatch(url)) and len(url) <= LONGEST:
        return plain[1] + (_INDEX.sub("/", plain[2]).rstrip("/") or "/")
    url = cleaned(url, drop, keep)
    if not url:
        return ""
    head, _, fragment = url.partition("#")
    head, mark, query = head.partition("?")
    kept = [pair for pair in query.split("&") if not _SESSION_PARAMETER.fullmatch(pair)]
    parts = urlsplit(canonicalize_url(f"{head}?{'&'.join(kept)}" if mark else head))
    host = (parts.hostname or "").rstrip(".")
    host = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, 80, 443) else f":{parts.port}"
    path = _INDEX.sub("/", _SESSION.sub("", parts.path)).rstrip("/") or "/"
    query = f"?{parts.query}" if parts.query else ""
    return f"{host}{port}{path}{query}{_named_part(fragment)}"


def _named_part(fragment: str) -> str:
    """The fragment, where it tells entries apart: `#!page`, `#/page`, and one with a number (`#v1.2`).

    Changelogs and weekly columns link every entry to one page; `#comments` is the same page, and
    `#xtor=RSS-3208` is a tracker.
    """
    if len(fragment) > 1 and fragment.startswith(("!", "/")):
        return f"#{fragment}"
    numbered = any(c.isdigit() for c in fragment) and "=" not in fragment
    return f"#{fragment}" if numbered else ""


def is_home(url: str, home: str) -> bool:
    """Whether a URL names a site rather than one page of it: a bare host, or the same as `home`."""
    named = key(url) if url else ""
    return bool(named) and ((named.endswith("/") and named.count("/") == 1) or named == key(home))


def place(url: str) -> str:
    """Path and query: what a move to another host or to https leaves of a URL; "" for a home page."""
    if plain := _PLAIN.fullmatch(url):
        path = plain[2].rstrip("/")
        return f"{path}?" if path else ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    path = parts.path.rstrip("/")
    return f"{path}?{parts.query}" if path or parts.query else ""


def same_site(one: str, other: str) -> bool:
    """Whether two URLs are of one site: the same host but for `www.`, or one the domain of the other.

    `feeds.example.org` and `www.example.org` are two sites by this rule, `blog.example.org` and
    `example.org` one: it must never take a stranger for the author.
    """
    a, b = _host(one), _host(other)
    return bool(a and b) and (a == b or a.endswith(f".{b}") or b.endswith(f".{a}"))


def _host(url: str) -> str:
    if plain := _PLAIN.fullmatch(url):
        return plain[1].removeprefix("www.")
    return _parsed_host(url)


@lru_cache(maxsize=64)
def _parsed_host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").rstrip(".").lower().removeprefix("www.")
    except ValueError:
        return ""


def is_iri(text: str) -> bool:
    """Whether it can be an atom:id as it stands: absolute and a valid URI (RFC 4287, 4.2.6; RFC 3986).

    As strict as the W3C feed validator: ASCII, `tag:` as RFC 4151 has it, `urn:uuid:` with a whole UUID.
    """
    found = _IRI.fullmatch(text) if len(text) <= LONGEST else None
    if found is None or found.end() == found.end("scheme") + 1:
        return False
    match found["scheme"].lower():
        case "tag":
            return _TAG.match(text) is not None
        case "urn":
            pattern = _UUID if text.lower().startswith("urn:uuid:") else _URN
            return pattern.fullmatch(text) is not None
        case "http" | "https" | "ftp":
            return found["host"] is not None
        case scheme:
            return scheme not in _ACTIVE_SCHEMES and found["slashes"] != text[found.end("scheme") + 1 :]
