"""Which addresses are public."""

import asyncio
import socket
import threading

import pytest

from aggregator.fetch.guard import Guard, Resolver, is_public

REFUSED = [
    *(
        "127.0.0.1",
        "127.255.255.255",
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
    ),
    *("169.254.169.254", "192.0.0.192", "168.63.129.16", "100.64.0.1"),
    *(
        "192.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
    ),
    *(
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "fc00::1",
        "fd12:3456::1",
        "ff02::1",
        "2001:db8::1",
        "100::1",
        "2001::1",
    ),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "::ffff:0:7f00:1"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1"),
    *("localhost", "2130706433", "0x7f.1"),
]
PUBLIC = [
    *(
        "1.1.1.1",
        "8.8.8.8",
        "93.184.215.14",
        "172.32.0.1",
        "192.169.0.1",
        "100.128.0.1",
        "2606:4700::1111",
        "2a00:1450:4001::1",
    ),
    *("::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"),
]


@pytest.mark.parametrize("address", REFUSED)
def test_refused(address):
    """What only this machine or its network can reach is not public, however it is written."""
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address):
    """The rest of the Internet is."""
    assert is_public(address)


def info(address):
    return (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80))


def test_a_guard_refuses_and_remembers():
    """Each refused address is named once, and nothing was tried."""
    guard = Guard(permitted=False)
    for address in ("127.0.0.1", "127.0.0.1", "10.0.0.1"):
        with pytest.raises(PermissionError, match=address):
            guard(info(address))
    assert guard.refused == ["127.0.0.1", "10.0.0.1"]
    assert not guard.tried


@pytest.mark.parametrize(("permitted", "address"), [(False, "8.8.8.8"), (True, "127.0.0.1")])
def test_a_guard_lets_pass(permitted, address):
    """A public address always, any address with permission."""
    guard = Guard(permitted=permitted)
    guard(info(address)).close()
    assert guard.tried
    assert not guard.refused


def test_names_that_never_resolve_do_not_hold_others():
    """A look-up that hangs keeps its thread and nothing else; a cancelled wait ends at once."""
    stuck = threading.Event()

    def look_up(host, port, **_):
        if host == "slow":
            stuck.wait(20)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.7", port))]

    async def main():
        resolver = Resolver(look_up)
        slow = [asyncio.create_task(resolver.resolve("slow", 80)) for _ in range(40)]
        await asyncio.sleep(0)
        found = await resolver.resolve("quick", 80)
        elsewhere = await asyncio.to_thread(lambda: "free")
        for task in slow:
            task.cancel()
        ended = await asyncio.gather(*slow, return_exceptions=True)
        return found, elsewhere, ended

    try:
        found, elsewhere, ended = asyncio.run(main())
    finally:
        stuck.set()
    assert [entry["host"] for entry in found] == ["192.0.2.7"]
    assert elsewhere == "free"
    assert all(isinstance(end, asyncio.CancelledError) for end in ended)


@pytest.mark.parametrize("error", [socket.gaierror(-2, "unknown"), UnicodeError("label too long")])
def test_names_without_an_address(error):
    """Every way of having none is an OSError."""

    def look_up(host, port, **_):
        raise error

    async def main():
        await Resolver(look_up).resolve("name", 80)

    with pytest.raises(OSError):
        asyncio.run(main())
