"""Pure. URLs of PostgreSQL databases: `postgresql://user:password@host:port/database?parameter=value`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote

SCHEMES = ("postgresql://", "postgres://")
HIGHEST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is, and who asks for it; what is "" or None is libpq's to find."""

    user: str
    password: str
    host: str
    port: int | None
    database: str
    parameters: Mapping[str, str]

    def __str__(self) -> str:
        """For people: without password and parameters, which may hold one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port is None else f":{self.port}"
        user = f"{quote(self.user)}@" if self.user else ""
        return f"postgresql://{user}{host}{port}/{quote(self.database)}"


def is_postgres(url: str) -> bool:
    """Whether a store is a database on a server, and no file."""
    return url.startswith(SCHEMES)


def address(url: str) -> Address:
    """What a URL says. Percent signs begin escapes; all else may stand in a password as it is.

    Raises `ValueError`, whose text holds nothing of the URL.
    """
    rest = url.partition("://")[2]
    account, _, rest = rest.rpartition("@")  # the last one: a password may have some of its own
    user, _, password = account.partition(":")
    place, _, query = rest.partition("?")
    server, _, database = place.partition("/")
    host, port = server, ""
    if not server.endswith("]"):
        host, _, port = server.partition(":") if server.count(":") < 2 else server.rpartition(":")
    if port and not (port.isascii() and port.isdigit() and 0 < int(port) <= HIGHEST_PORT):
        raise ValueError("the port is none; write postgresql://user@host:5432/database")
    if "/" in database:
        raise ValueError("the database has a slash in it; write postgresql://user@host/database")
    parameters = dict(parse_qsl(query))
    host = unquote(host.strip("[]"))
    if not (database or parameters.get("dbname")):
        raise ValueError("it names no database; write postgresql://user@host/database")
    return Address(
        unquote(user), unquote(password), host, int(port) if port else None, unquote(database), parameters
    )
