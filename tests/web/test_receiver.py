"""The built-in receiver."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gateway.kernel.signing import parse_secret
from gateway.web import receiver
from gateway.web.receiver import BODY_MAX, Notice, receiver_app
from tests.web.raw import ask, line_to, served
from tests.web.worlds import NOW, SECRET, M, StoppedClock, signed

BODY = b'{"type":"sla.breached","data":{}}'


def received(work: Callable[[int], Awaitable[None]], *, fail_with: int | None = None) -> list[Notice]:
    """What the receiver was told while `work` had its port."""
    notices: list[Notice] = []

    async def whole() -> None:
        app = receiver_app([parse_secret(SECRET)], StoppedClock(), notices.append, fail_with=fail_with)
        async with asyncio.timeout(20), served(app) as port:
            await work(port)

    asyncio.run(whole())
    return notices


def test_a_signed_notice_is_verified_at_any_path() -> None:
    """204, and the notice with its type and body; the second of the same id is a duplicate."""

    async def work(port: int) -> None:
        for path in ("/", "/hooks/orion"):
            assert (await ask(port, "POST", path, BODY, **signed(BODY, NOW))).status == 204

    body = {"type": "sla.breached", "data": {}}
    assert received(work) == [
        Notice("msg_1", "sla.breached", verified=True, duplicate=False, body=body),
        Notice("msg_1", "sla.breached", verified=True, duplicate=True, body=body),
    ]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        signed(BODY, NOW - 6 * M),
        signed(BODY + b" ", NOW),
        {**signed(BODY, NOW), "webhook-id": "msg_2"},
        {**signed(BODY, NOW), "webhook-signature": "v1,\udcff"},
        {**signed(BODY, NOW), "webhook-id": "\udcff\u202e"},
    ],
)
def test_what_is_not_proved_is_refused(headers: dict[str, str]) -> None:
    """401 with the reason; the notice is told without its body, and its id isn't remembered."""

    async def work(port: int) -> None:
        assert (await ask(port, "POST", "/", BODY, **headers)).status == 401
        assert (await ask(port, "POST", "/", BODY, **signed(BODY, NOW))).status == 204

    refused, accepted = received(work)

    assert (refused.verified, refused.body) == (False, None)
    assert refused.why
    assert not re_surrogate(refused.id)
    assert (accepted.verified, accepted.duplicate) == (True, False)


def re_surrogate(text: str) -> bool:
    """Whether a text can't be printed."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b'"x"', b"[" * 100_000, b"null"])
def test_a_signed_body_that_is_no_object_is_still_verified(body: bytes) -> None:
    """The signature is what counts; what is missing is told."""

    async def work(port: int) -> None:
        assert (await ask(port, "POST", "/", body, **signed(body, NOW))).status == 204

    [notice] = received(work)

    assert (notice.verified, notice.body, notice.why) == (True, None, "the body is no JSON object")


def test_it_fails_when_told_to() -> None:
    """`fail_with` is the answer to what is proved, so that tries can be seen."""

    async def work(port: int) -> None:
        for _ in range(2):
            assert (await ask(port, "POST", "/", BODY, **signed(BODY, NOW))).status == 503

    assert [notice.duplicate for notice in received(work, fail_with=503)] == [False, True]


def test_bodies_have_a_bound() -> None:
    """More than 1 MiB is 413, said or not."""

    async def work(port: int) -> None:
        async with line_to(port) as line:
            await line.send(f"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {BODY_MAX + 1}\r\n\r\n".encode())
            assert (await line.reply()).status == 413
        async with line_to(port) as line:
            await line.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
            await line.send(b"100001\r\n" + b"x" * 0x100001 + b"\r\n")
            assert (await line.reply()).status == 413

    assert received(work) == []


def test_ids_are_forgotten_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest id makes room for the newest."""
    monkeypatch.setattr(receiver, "IDS_MAX", 2)

    async def work(port: int) -> None:
        for id in ("msg_1", "msg_2", "msg_3", "msg_2", "msg_1"):
            await ask(port, "POST", "/", BODY, **signed(BODY, NOW, id))

    assert [(notice.id, notice.duplicate) for notice in received(work)] == [
        ("msg_1", False), ("msg_2", False), ("msg_3", False), ("msg_2", True), ("msg_1", False),
    ]  # fmt: skip
