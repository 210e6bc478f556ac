"""Answers that must not be believed, and answers that never come."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from backend.wechat import (
    Action,
    Call,
    Final,
    OutcomeUnknown,
    PayClient,
    PayCredentials,
    PayError,
    Retryable,
    Signal,
)
from tests.wechat.calls import perform
from tests.wechat.provider import NOW_SECONDS, Provider

BODIES = {
    Call.SUBMIT: b'{"applyment_id":2000002124775691}',
    Call.QUERY: orjson.dumps(
        {
            "business_code": "1900013511_10000",
            "applyment_id": 2000002124775691,
            "applyment_state": "APPLYMENT_STATE_FINISHED",
        }
    ),
    Call.UPLOAD: b'{"media_id":"H1ihR9JUtVj-J7CJqBUY5ZOrG_Je75H-rKhTG7FUmg9sxNTbRN54dFiUHnhg"}',
}
REFUSED = orjson.dumps({"code": "NO_AUTH", "message": "没有权限"})

# What is wrong with the signature, and the signal that it gives.
DISTRUSTED: dict[str, tuple[dict[str, Any], Signal]] = {
    "forged": ({"signature": "A" * 342 + "=="}, Signal.UNVERIFIED),
    "signtest": ({"signature": "WECHATPAY/SIGNTEST/MEUCIQ"}, Signal.UNVERIFIED),
    "stale": ({"timestamp": int(NOW_SECONDS) - 300}, Signal.UNVERIFIED),
    "early": ({"timestamp": int(NOW_SECONDS) + 300}, Signal.UNVERIFIED),
    "another body": ({"headers": (("Wechatpay-Nonce", "changed"),)}, Signal.UNVERIFIED),
    "unknown serial": ({"serial": "5157F09EFDC096DE15EBE81A47057A72"}, Signal.UNKNOWN_SERIAL),
}
EXPECTED = {
    (Call.SUBMIT, Signal.UNVERIFIED): (OutcomeUnknown, Action.QUERY_FIRST),
    (Call.QUERY, Signal.UNVERIFIED): (Retryable, Action.RETRY),
    (Call.UPLOAD, Signal.UNVERIFIED): (Retryable, Action.RETRY),
    (Call.SUBMIT, Signal.UNKNOWN_SERIAL): (OutcomeUnknown, Action.REFRESH_KEY),
    (Call.QUERY, Signal.UNKNOWN_SERIAL): (Retryable, Action.REFRESH_KEY),
    (Call.UPLOAD, Signal.UNKNOWN_SERIAL): (Retryable, Action.REFRESH_KEY),
    (Call.SUBMIT, Signal.UNREADABLE): (OutcomeUnknown, Action.QUERY_FIRST),
    (Call.QUERY, Signal.UNREADABLE): (Retryable, Action.RETRY),
    (Call.UPLOAD, Signal.UNREADABLE): (Retryable, Action.RETRY),
    (Call.SUBMIT, Signal.NO_ANSWER): (OutcomeUnknown, Action.QUERY_FIRST),
    (Call.QUERY, Signal.NO_ANSWER): (Retryable, Action.RETRY),
    (Call.UPLOAD, Signal.NO_ANSWER): (Retryable, Action.RETRY),
    (Call.SUBMIT, Signal.NOT_SENT): (Retryable, Action.RETRY),
    (Call.QUERY, Signal.NOT_SENT): (Retryable, Action.RETRY),
    (Call.UPLOAD, Signal.NOT_SENT): (Retryable, Action.RETRY),
}


async def failing(client: PayClient, call: Call) -> PayError:
    """Make a call that must fail; give its error."""
    with pytest.raises(PayError) as caught:
        await perform(client, call)
    error = caught.value
    assert (type(error), error.action) == EXPECTED[call, error.signal]
    return error


@pytest.mark.parametrize("call", Call)
@pytest.mark.parametrize("flaw", DISTRUSTED)
async def test_a_distrusted_success_is_not_believed(
    client: PayClient, provider: Provider, flaw: str, call: Call
) -> None:
    """The body is a fine success; its signature is not, so nothing is taken from it."""
    details, signal = DISTRUSTED[flaw]
    provider.answer(200, BODIES[call], **details)
    assert (await failing(client, call)).signal is signal


@pytest.mark.parametrize("call", Call)
async def test_an_unsigned_success_is_not_believed(client: PayClient, provider: Provider, call: Call) -> None:
    """Anybody could have said it."""
    provider.answer(200, BODIES[call], signed_by=None)
    assert (await failing(client, call)).signal is Signal.UNVERIFIED


@pytest.mark.parametrize("call", Call)
async def test_an_answer_signed_by_another_key_is_not_believed(
    client: PayClient, provider: Provider, merchant_key: RSAPrivateKey, call: Call
) -> None:
    """A right signature under the right name by the wrong key is a forgery."""
    provider.answer(200, BODIES[call], signed_by=merchant_key)
    assert (await failing(client, call)).signal is Signal.UNVERIFIED


@pytest.mark.parametrize("call", Call)
@pytest.mark.parametrize("flaw", DISTRUSTED)
async def test_a_distrusted_refusal_decides_nothing(
    client: PayClient, provider: Provider, flaw: str, call: Call
) -> None:
    """A refusal that claims a signature must prove it: a forged NO_AUTH does not halt the channel."""
    details, signal = DISTRUSTED[flaw]
    provider.answer(403, REFUSED, **details)
    assert (await failing(client, call)).signal is signal


async def test_a_forged_absence_is_not_believed(client: PayClient, provider: Provider) -> None:
    """Absence leads to sending again, so it must be the provider's word."""
    provider.answer(404, b'{"code":"RESOURCE_NOT_EXISTS"}', signature="WECHATPAY/SIGNTEST/MEUCIQ")
    assert (await failing(client, Call.QUERY)).signal is Signal.UNVERIFIED


async def test_an_unsigned_refusal_counts_by_its_code(client: PayClient, provider: Provider) -> None:
    """Some errors come from before the signing layer, such as a request whose signature could not be read."""
    provider.answer(401, b'{"code":"SIGN_ERROR","message":"x"}', signed_by=None)
    with pytest.raises(Final) as caught:
        await client.query_by_business_code("1900013511_10000")
    assert caught.value.action is Action.HALT_CHANNEL


@pytest.mark.parametrize("call", Call)
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"not json"),
        (200, b"[]"),
        (200, b"{}"),
        (204, b""),
        (200, b'{"applyment_id":2000002124775691.0,"media_id":7}'),
        (200, b'{"applyment_id":true,"media_id":""}'),
        (200, b'{"applyment_id":"2000002124775691","media_id":null}'),
        (200, b'{"applyment_id":-1}'),
        (302, b"{}"),
    ],
)
async def test_a_verified_answer_without_its_result_decides_nothing(
    client: PayClient, provider: Provider, call: Call, status: int, body: bytes
) -> None:
    """A success that does not say what it should is no success, and a number that was a float has lost digits."""
    provider.answer(status, body)
    assert (await failing(client, call)).signal is Signal.UNREADABLE


@pytest.mark.parametrize("call", Call)
async def test_a_refused_connection_sent_nothing(credentials: PayCredentials, call: Call) -> None:
    """Nobody listens: certainly not processed."""
    with socket.socket() as unheard:
        # Bound and not listening: the port is ours, and connecting to it is refused.
        unheard.bind(("127.0.0.1", 0))
        async with PayClient(credentials, base_url=f"http://127.0.0.1:{unheard.getsockname()[1]}") as client:
            assert (await failing(client, call)).signal is Signal.NOT_SENT


@pytest.mark.parametrize("call", Call)
async def test_a_lost_answer_is_told_apart_from_a_refused_connection(
    credentials: PayCredentials, provider: Provider, call: Call
) -> None:
    """The request arrived and the clock ran out: for a submit, nobody knows."""
    provider.answer(200, BODIES[call], lost=True)
    async with PayClient(credentials, base_url=provider.url, timeout_seconds=0.2) as client:
        assert (await failing(client, call)).signal is Signal.NO_ANSWER
    assert len(provider.received) == 1


@pytest.mark.parametrize("call", Call)
@pytest.mark.parametrize(
    "last_words",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b"rubbish\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n{..}",
    ],
    ids=["nothing", "half", "rubbish", "undecodable"],
)
async def test_a_connection_cut_after_the_request_is_a_lost_answer(
    credentials: PayCredentials, call: Call, last_words: bytes
) -> None:
    """However the answer breaks off, the request had arrived."""

    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")), b":0")
        await reader.readexactly(int(length.partition(b":")[2]))
        writer.write(last_words)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(cut, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with PayClient(credentials, base_url=f"http://127.0.0.1:{port}") as client:
            assert (await failing(client, call)).signal is Signal.NO_ANSWER


async def test_an_answer_that_trickles_is_cut_at_the_deadline(credentials: PayCredentials) -> None:
    """A byte now and then does not keep a call alive beyond its time."""

    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        try:
            while not writer.is_closing():
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.05)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(trickle, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with PayClient(credentials, base_url=f"http://127.0.0.1:{port}", timeout_seconds=0.3) as client:
            async with asyncio.timeout(3):
                assert (await failing(client, Call.QUERY)).signal is Signal.NO_ANSWER
