"""Shell. Which addresses we connect to, and how names become addresses.

A feed's URL, and every redirect, comes from someone else and must not reach what only this machine can
reach. So each address is judged at the moment of connecting, literal or resolved: no name can change
between check and use. A guard belongs to one connection; nothing is cached or shared, so that the
permission of one source (`private: true`) cannot leak to another.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp.abc import AbstractResolver, ResolveResult

_UNICAST = IPv6Network("2000::/3")  # all that IANA has given out as global unicast
_NOT_FOR_US = (
    IPv4Network("192.0.0.0/24"),  # IETF protocol assignments; a cloud's metadata at .192
    IPv4Network("192.88.99.0/24"),  # RFC 7526: relays that are no more
    IPv4Network("168.63.129.16/32"),  # a cloud's host, seen from its guests
)
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address behind a translator
# Look-ups under way at once. One that the system's resolver never ends keeps its place.
_LOOKUPS = 64


def is_public(address: str) -> bool:
    """Whether an IP address (text, a zone allowed) is one of the public Internet.

    IPv4 addresses inside IPv6 ones (mapped, 6to4, NAT64) are judged as what they lead to. What is no
    address is not public.
    """
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner = _embedded(ip)
    if inner is not None:
        return is_public(str(inner))
    if isinstance(ip, IPv6Address) and ip not in _UNICAST:
        return False
    if isinstance(ip, IPv4Address) and any(ip in network for network in _NOT_FOR_US):
        return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _embedded(ip: IPv4Address | IPv6Address) -> IPv4Address | None:
    if isinstance(ip, IPv4Address):
        return None
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour


class Guard:
    """A socket factory for one connection: refuses addresses, and remembers which."""

    def __init__(self, *, permitted: bool) -> None:
        """`permitted`: this host may have any address (its source says `private: true`)."""
        self._permitted = permitted
        self.refused: list[str] = []
        self.tried = False  # an address that was not refused
        self.sent = False  # the request, over this connection

    def note_sent(self) -> None:
        """For the door: the request goes out."""
        self.sent = True

    def __call__(
        self, info: tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int]]
    ) -> socket.socket:
        """Make the socket for an address about to be connected to; raises PermissionError to refuse it."""
        family, kind, protocol, _, address = info
        if not self._permitted and not is_public(address[0]):
            if address[0] not in self.refused:
                self.refused.append(address[0])
            raise PermissionError(f"the address {address[0]} is not public")
        self.tried = True
        return socket.socket(family=family, type=kind, proto=protocol)


class Resolver(AbstractResolver):
    """Names to addresses, each look-up in a daemon thread of its own.

    The event loop's own thread pool also carries the store's work and has few threads: a handful of names
    whose servers never answer would stop everything, and a thread of that pool keeps a process from ending.
    """

    def __init__(self, look_up: Callable[..., Sequence[tuple[object, ...]]] | None = None) -> None:
        """`look_up`: called like `socket.getaddrinfo`, which it defaults to."""
        self._look_up: Callable[..., Sequence[tuple[object, ...]]] = look_up or socket.getaddrinfo
        self._places = asyncio.Semaphore(_LOOKUPS)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Every address of a name; OSError where it has none, is none, or cannot be looked up now."""
        await self._places.acquire()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Sequence[tuple[object, ...]] | OSError] = loop.create_future()

        def deliver(found: Sequence[tuple[object, ...]] | OSError) -> None:
            self._places.release()
            if not answer.done():
                answer.set_result(found)

        def work() -> None:
            found: Sequence[tuple[object, ...]] | OSError
            try:
                found = self._look_up(host, port, family=family, type=socket.SOCK_STREAM)
            except OSError as error:
                found = error
            except UnicodeError:
                found = OSError("a label of the name is empty or too long")
            if not loop.is_closed():
                loop.call_soon_threadsafe(deliver, found)

        threading.Thread(target=work, name=f"look up {host[:40]}", daemon=True).start()
        found = await answer
        if isinstance(found, OSError):
            raise found
        return [_result(host, entry) for entry in found]

    async def close(self) -> None:
        """Nothing is held."""


def _result(host: str, entry: tuple[object, ...]) -> ResolveResult:
    family, _, protocol, _, address = entry
    assert isinstance(family, int)
    assert isinstance(protocol, int)
    assert isinstance(address, tuple)
    zone = f"%{address[3]}" if len(address) > 3 and address[3] else ""
    return ResolveResult(
        hostname=host,
        host=f"{address[0]}{zone}",
        port=address[1],
        family=family,
        proto=protocol,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )
