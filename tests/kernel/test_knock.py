"""Knocking: a connection through the guard, and no request."""

import asyncio
from pathlib import Path

import pytest

from gateway.kernel.knock import knock
from gateway.kernel.ports import NetError
from gateway.kernel.reach import INTERNET, PRIVATE_TOO, Reach
from tests.kernel.test_net import self_signed

REACHED = Reach(PRIVATE_TOO.networks, frozenset({9}))


def knocked(url_of_port: str, *, allow_private: bool = True, tls: Path | None = None) -> tuple[NetError | None, bytes]:
    """What a knock at a server on loopback gave, and every byte that the server got."""

    async def main() -> tuple[NetError | None, bytes]:
        heard = bytearray()
        done = asyncio.Event()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.extend(await reader.read())
            writer.close()
            done.set()

        context = self_signed(tls) if tls else None
        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        try:
            reach = PRIVATE_TOO if allow_private else INTERNET
            await knock(url_of_port.format(port=port), reach, deadline_s=5)
        except NetError as error:
            return error, bytes(heard)
        finally:
            server.close()
        await done.wait()
        return None, bytes(heard)

    return asyncio.run(main())


def test_a_connection_is_made_and_nothing_is_sent() -> None:
    """Whoever listens there hears that somebody came, and no request."""
    assert knocked("http://127.0.0.1:{port}/canary?x=1") == (None, b"")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
def test_what_is_not_allowed_is_not_dialled(host: str) -> None:
    """However loopback is written, and whatever a name leads to; the error holds no URL."""
    error, heard = knocked(f"http://{host}:{{port}}/canary", allow_private=False)

    assert error is not None
    assert error.blocked
    assert heard == b""
    assert "canary" not in str(error)


def test_a_certificate_that_nobody_vouches_for_is_told(tmp_path: Path) -> None:
    """A TLS connection counts only with a certificate that deliveries would accept."""
    error, _ = knocked("https://127.0.0.1:{port}/", tls=tmp_path)

    assert error is not None
    assert error.reason.startswith("its certificate is not acceptable")


def test_what_speaks_no_tls_is_told() -> None:
    """Nor does anything else count as TLS."""

    async def main() -> str:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(NetError) as caught:
            await knock(f"https://127.0.0.1:{port}/", PRIVATE_TOO, deadline_s=5)
        server.close()
        return caught.value.reason

    assert asyncio.run(main()) == "no TLS connection could be made"


def test_nobody_there_is_told() -> None:
    """A closed port and a name that there isn't."""

    async def reason(url: str) -> str:
        with pytest.raises(NetError) as caught:
            await knock(url, REACHED, deadline_s=5)
        return caught.value.reason

    assert asyncio.run(reason("http://127.0.0.1:9/")) == "the connection was refused"
    assert asyncio.run(reason("http://nobody.invalid/")) == "its name can't be resolved"
