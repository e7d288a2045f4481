"""Pure. The parts of feeds.yaml -> `Config`: what they mean together, and where they contradict each other.

Paths are joined to the directory of the file; whether anything exists there is not asked.
"""

from __future__ import annotations

import posixpath
from typing import cast

from aggregator.config import full_text
from aggregator.config.keys import duration_text
from aggregator.config.named import named
from aggregator.config.parts import Parts
from aggregator.config.sources import sources
from aggregator.model import Category, Config, Jekyll, NearDuplicates, Output, Polling, Server, Site, Slug
from aggregator.syntax.databases import address, is_postgres

_A_PATH = "write a path, like data/aggregator.db, or postgresql://user:${PGPASSWORD}@host/database"


def configuration(parts: Parts, directory: str) -> Config:
    """All parts as values; where they do not fit each other is noted in the parts."""
    store = _store(parts, directory)
    output = _output(parts, directory, store)
    polling, warnings = _polling(parts)
    polled = sources(parts, directory)
    if not polled:
        warnings += ("feeds: there is none; nothing will be polled",)
    described = _categories(parts)
    return Config(
        site=_site(parts),
        store=store,
        polling=polling,
        output=output,
        server=_server(parts),
        categories=described + named(parts, polled, described, output.entries),
        sources=polled,
        warnings=(*warnings, *full_text.warnings(parts)),
    )


def _site(parts: Parts) -> Site:
    keys = parts.site
    url = keys.url or _reached(parts.server.listen)
    if not url and not parts.unsure("site", "url"):
        parts.wrong(
            ("server", "listen"), "listen: off leaves no URL to publish; write site: {url: https://…/}"
        )
    return Site(
        title=keys.title,
        url=url,
        language=keys.language,
        timezone=keys.timezone,
        author=keys.author or keys.title,
        contact=keys.contact or url,
        formerly=keys.formerly,
    )


def _reached(listen: str | None) -> str:
    """Where a browser on this machine finds a listener: one on every address is found on loopback."""
    if listen is None:
        return ""
    host, _, port = listen.rpartition(":")
    return f"http://{ {'0.0.0.0': '127.0.0.1', '[::]': '[::1]'}.get(host, host) }:{port}/"


def _store(parts: Parts, directory: str) -> str:
    written = parts.file.store
    if is_postgres(written):
        try:
            address(written)
        except ValueError as wrong:
            parts.wrong(("store",), f"store: {wrong}")
        return written
    if written.startswith(("postgresql:", "postgres:", "postgresql+")):
        parts.wrong(("store",), "store: write postgresql://user:${PGPASSWORD}@host/database")
    elif written.startswith("sqlite:///"):
        written = written.removeprefix("sqlite:///")
    elif "://" in written:
        parts.wrong(("store",), f"store: this is no database that we know; {_A_PATH}")
    if not written or written.endswith("/"):
        parts.wrong(("store",), f"store: this names no file; {_A_PATH}")
    return _absolute(written, directory)


def _output(parts: Parts, directory: str, store: str) -> Output:
    keys = parts.output
    public = _absolute(keys.directory, directory)
    sure = not parts.unsure("output", "directory") and not parts.unsure("store")
    if sure and not is_postgres(store) and posixpath.commonpath((public, store)) == public:
        where = ("output", "directory") if "directory" in keys.model_fields_set else ("store",)
        parts.wrong(where, f"{where[-1]}: the store would lie in what is published; keep the two apart")
    jekyll = None
    if given := keys.jekyll:
        jekyll = Jekyll(
            _absolute(given.directory, directory), given.layout, given.category_url, given.home_url
        )
    return Output(
        directory=public,
        formats=keys.formats,
        entries=keys.entries,
        credit=keys.credit,
        index=keys.index,
        keep=keys.keep,
        per_source=keys.per_source,
        jekyll=jekyll,
    )


def _absolute(path: str, directory: str) -> str:
    return posixpath.normpath(posixpath.join(directory, path))


def _polling(parts: Parts) -> tuple[Polling, tuple[str, ...]]:
    keys = parts.polling
    sure = not parts.unsure("polling", "min_interval") and not parts.unsure("polling", "max_interval")
    if sure and keys.min_interval > keys.max_interval:
        key = "min_interval" if "min_interval" in keys.model_fields_set else "max_interval"
        parts.wrong(
            ("polling", key),
            f"{key}: min_interval ({duration_text(keys.min_interval)}) is longer than max_interval "
            f"({duration_text(keys.max_interval)}); set both",
        )
    every = min(max(keys.every, keys.min_interval), keys.max_interval)
    warnings: tuple[str, ...] = ()
    if every != keys.every and "every" in keys.model_fields_set:
        bound = "min_interval" if keys.every < every else "max_interval"
        warnings = (
            f"polling.every: {duration_text(keys.every)} is held to polling.{bound} ({duration_text(every)})",
        )
    return Polling(
        every=every,
        min_interval=keys.min_interval,
        max_interval=keys.max_interval,
        timeout=keys.timeout,
        max_size=keys.max_size,
        concurrency=keys.concurrency,
        per_host=keys.per_host,
        per_host_gap=keys.per_host_gap,
    ), warnings


def _server(parts: Parts) -> Server:
    keys = parts.server
    if keys.admin is not None and not parts.unsure("server", "admin"):
        if (
            not _is_loopback(keys.admin)
            and not keys.admin_token
            and not parts.unsure("server", "admin_token")
        ):
            _no_password(parts)
        one = keys.admin == keys.listen and not keys.admin.endswith(":0")
        if one and not parts.unsure("server", "listen"):
            where = "admin" if "admin" in keys.model_fields_set else "listen"
            parts.wrong(("server", where), f"{where}: listen and admin are one address; give them two")
    return Server(
        listen=keys.listen,
        admin=keys.admin,
        admin_token=keys.admin_token,
        hub=keys.hub,
        private_hub=keys.private_hub,
        reached=_reached(keys.listen),
    )


def _no_password(parts: Parts) -> None:
    """Where `admin_token` stands in the file, it is that line which is to be mended."""
    if parts.has("server", "admin_token"):
        what = "admin_token: it is empty, and beyond loopback admin needs a password; set one"
        parts.wrong(("server", "admin_token"), what)
    else:
        what = "admin: beyond loopback it needs a password; write admin_token: ${ADMIN_TOKEN}"
        parts.wrong(("server", "admin"), what)


def _is_loopback(address: str) -> bool:
    host = address.rpartition(":")[0].lower()
    return host in ("localhost", "[::1]") or host.startswith("127.")


def _categories(parts: Parts) -> tuple[Category, ...]:
    return tuple(
        Category(
            slug=Slug(slug),
            title=keys.title or slug,
            description=keys.description,
            language=keys.language,
            near_duplicates=cast(NearDuplicates, keys.near_duplicates),
            entries=keys.entries or parts.output.entries,
            formerly=keys.formerly,
        )
        for slug, keys in parts.categories.items()
    )
