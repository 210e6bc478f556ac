"""The logs: what a line looks like, and what never gets into one."""

import asyncio
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from backend.foundation.logging import configure, log_context, scrub

ID_NUMBER = "11010519491231002X"
CARD_NUMBER = "6222021234567890128"
MOBILE = "13800138000"
TOKEN = "ssm_s_" + "aB3-_" * 8 + "xyz"
PERSONAL = (ID_NUMBER, CARD_NUMBER, MOBILE, TOKEN)

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("backend.tests")


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Give the process its logging back."""
    names = (None, "backend", "schema", "uvicorn", "uvicorn.error", "uvicorn.access")
    loggers = [logging.getLogger(name) for name in names]
    before = [(logger, list(logger.handlers), logger.level, logger.propagate) for logger in loggers]
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    for logger, handlers, level, propagate in before:
        logger.handlers[:] = handlers
        logger.setLevel(level)
        logger.propagate = propagate


def lines(captured: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """The JSON lines written to stderr so far; nothing may be on stdout."""
    out, err = captured.readouterr()
    assert out == ""
    return [json.loads(line) for line in err.splitlines()]


def test_a_line_is_one_json_object_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    """Event, level, logger and time are there, and fields keep their types."""
    configure(json=True)
    log.info("filing.submitted", attempt=2, ok=True, share=0.5, nothing=None, names=("a", {"b": 1}))
    [line] = lines(capsys)
    assert str(line.pop("at")).endswith("Z")
    assert line == {
        "event": "filing.submitted",
        "level": "info",
        "logger": "backend.tests",
        "attempt": 2,
        "ok": True,
        "share": 0.5,
        "nothing": None,
        "names": ["a", {"b": 1}],
    }


@pytest.mark.parametrize(
    "name",
    [
        *("id_card_number", "account_number", "mobile_phone", "contact_email", "owner_name", "authorization", "token"),
        *(
            "variables",
            "document",
            "idCardNumber",
            "Authorization",
            "proxy-authorization",
            "access_token",
            "Set-Cookie",
        ),
        *("contactEmail", "app_secret", "password", "openid", "session_key", "account_name", "grant"),
    ],
)
def test_refused_names_are_blanked_at_any_depth(capsys: pytest.CaptureFixture[str], name: str) -> None:
    """The value of a field with a refused name is not written, whatever its type and wherever it stands."""
    configure(json=True)
    log.info("a.b", **{name: "王小明"}, deep=[{"more": {name: ["王小明", {"x": "王小明"}]}}])
    [line] = lines(capsys)
    assert line[name] == "[redacted]"
    assert line["deep"] == [{"more": {name: "[redacted]"}}]


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"id {ID_NUMBER}.", "id [id number]."),
        ("id 11010519491231002x", "id [id number]"),
        ("id １１０１０５１９４９１２３１００２１", "id [id number]"),
        (f"card={CARD_NUMBER},", "card=[card number],"),
        ("4111111111111111", "[card number]"),
        ("4111 1111 1111 1111", "[card number]"),
        ("4111-1111-1111-1111", "[card number]"),
        (f"电话{MOBILE}。", "电话[mobile number]。"),
        (f"+86{MOBILE}", "+[mobile number]"),
        ("138 0013 8000", "[mobile number]"),
        (f"seen {TOKEN}!", "seen [token]!"),
        ("Authorization: Bearer eyJhbGciOi.abc", "Authorization: Bearer [token]"),
        ("GET /images/img_1?grant=abc.def HTTP/1.1", "GET /images/img_1?[redacted] HTTP/1.1"),
        ("https://host/sns?appid=wx1&secret=abc&js_code=9", "https://host/sns?[redacted]"),
    ],
)
def test_personal_numbers_are_cut_out_of_texts(text: str, clean: str) -> None:
    """What looks like a personal number or a secret is replaced, and the text around it stays."""
    assert scrub(text) == clean


@pytest.mark.parametrize(
    "text",
    [
        *("4111111111111112", "1380013800", "138001380001", "23800138000", "12345678901234567890", "0.123"),
        *("2026-11-22T17:00:10.785050Z", "app_01m822s9wrery9j59f6j041fp3", "was it? a=b", "done?", "1900013109"),
    ],
)
def test_other_texts_stay(text: str) -> None:
    """Numbers of other lengths, cards with a wrong check digit, times and ids are left alone."""
    assert scrub(text) == text


@given(before=st.text(max_size=8), after=st.text(max_size=8), personal=st.sampled_from(PERSONAL))
def test_no_neighbour_hides_a_number(before: str, after: str, personal: str) -> None:
    """Whatever text stands around it, except more digits, a personal number does not survive."""
    around = (before + after).replace("\n", " ")
    if not any(character.isdecimal() or character in " -" for character in around):
        assert personal not in scrub(before + personal + after)


def test_every_way_into_a_line_is_scrubbed(capsys: pytest.CaptureFixture[str]) -> None:
    """Values, names, numbers, bytes, foreign objects, events and their arguments: none carries a number through."""

    class Talkative:
        def __repr__(self) -> str:
            return f"<Talkative {ID_NUMBER}>"

    configure(json=True)
    log.info("a.b", one=f"x {ID_NUMBER}", two=[CARD_NUMBER], three={MOBILE: TOKEN}, four=int(MOBILE), five=Talkative())
    log.info("a.b", six=MOBILE.encode(), seven=memoryview(b"ab"), eight={Talkative()}, nine=(CARD_NUMBER,))
    sentence = f"filed {ID_NUMBER}"
    log.info(sentence)
    log.info("a.%s", MOBILE)
    logging.getLogger("tortoise").warning("row %s of %s", CARD_NUMBER, Talkative())
    logging.getLogger("uvicorn.error").error("refused %s", TOKEN, stack_info=True)
    written = json.dumps(lines(capsys), ensure_ascii=False)
    assert not [personal for personal in PERSONAL if personal in written]
    assert all(mark in written for mark in ("[id number]", "[card number]", "[mobile number]", "[token]", "[11 bytes]"))


@pytest.mark.parametrize("as_json", [True, False])
def test_tracebacks_are_scrubbed(capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    """Messages of an exception, of its cause and of its notes are clean, and local variables are not shown."""
    configure(json=as_json)

    def fail(secret_local: str) -> None:
        nothing: dict[str, str] = {}
        try:
            nothing[CARD_NUMBER]
        except KeyError as cause:
            error = ValueError(f"bad {ID_NUMBER} {len(secret_local)}")
            error.add_note(f"called from {MOBILE}")
            raise error from cause

    for write in (log.exception, logging.getLogger("asyncio").exception):
        try:
            fail("王小明")
        except ValueError:
            write("filing.failed")
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("ValueError: bad [id number]") == 2
    assert err.count("KeyError: '[card number]'") == 2
    assert err.count("called from [mobile number]") == 2
    assert not [personal for personal in PERSONAL if personal in err]
    assert "secret_local=" not in err
    assert "secret_local =" not in err


def test_self_containing_values_end(capsys: pytest.CaptureFixture[str]) -> None:
    """A value that contains itself is cut, not followed for ever."""
    configure(json=True)
    loop: list[object] = []
    loop.append(loop)
    log.info("a.b", loop=loop)
    [line] = lines(capsys)
    assert "[too deep]" in json.dumps(line)


@pytest.mark.parametrize("event", ["Filed the form", "filed 3", "filing.", "", "Filing.done", "提交"])
def test_event_names_are_constant(capsys: pytest.CaptureFixture[str], event: str) -> None:
    """A sentence is no event name: it is kept beside a name that says so."""
    configure(json=True)
    log.info(event)
    [line] = lines(capsys)
    assert (line["event"], line["text"]) == ("log.not_constant", event)


def test_libraries_keep_their_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    """Lines of libraries have the same shape, with their text as the event."""
    configure(json=True)
    logging.getLogger("uvicorn.error").warning("Exceeded %d connections", 7)
    [line] = lines(capsys)
    assert (line["event"], line["level"], line["logger"]) == ("Exceeded 7 connections", "warning", "uvicorn.error")


def test_an_http_clients_urls_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    """A signing link is a right, and the client's own lines would write it whole."""
    configure(json=True)
    logging.getLogger("httpx2").info("HTTP Request: GET https://pay.example/owner/sign?sign=abc")
    assert lines(capsys) == []


async def test_context_reaches_every_line_inside(capsys: pytest.CaptureFixture[str]) -> None:
    """Ours, libraries', and those of tasks started inside carry the context; it ends with the block and nests."""
    configure(json=True)

    async def elsewhere() -> None:
        log.info("a.task")

    with log_context(trace_id="t1", operation="submitApplication"):
        with log_context(caller_id="stf_1", role="SALES"):
            log.info("a.inner")
            logging.getLogger("tortoise").warning("library")
            await asyncio.create_task(elsewhere())
        log.info("a.outer")
    log.info("a.after")
    told = [
        (line["event"], line.get("trace_id"), line.get("operation"), line.get("caller_id"), line.get("role"))
        for line in lines(capsys)
    ]
    inner = ("t1", "submitApplication", "stf_1", "SALES")
    assert told == [
        ("a.inner", *inner),
        ("library", *inner),
        ("a.task", *inner),
        ("a.outer", "t1", "submitApplication", None, None),
        ("a.after", None, None, None, None),
    ]


def test_levels_below_info_are_for_our_own_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """DEBUG shows ours and never a library's; uvicorn's access lines are never written."""
    configure(json=True, level="debug")
    log.debug("a.debug")
    logging.getLogger("tortoise.db_client").debug("INSERT INTO ...")
    logging.getLogger("uvicorn.access").info('127.0.0.1 - "GET /owner/abc HTTP/1.1" 200')
    assert [line["event"] for line in lines(capsys)] == ["a.debug"]
    configure(json=True, level="WARNING")
    log.info("a.info")
    logging.getLogger("uvicorn.error").info("text")
    log.warning("a.warning")
    assert [line["event"] for line in lines(capsys)] == ["a.warning"]


def test_configuring_again_does_not_double_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Foreign handlers go, which would write without redaction; a second call replaces the first."""
    foreign = logging.StreamHandler()
    logging.getLogger().addHandler(foreign)
    logging.getLogger("uvicorn").addHandler(foreign)
    configure(json=True)
    configure(json=True)
    logging.getLogger("uvicorn").warning("once")
    assert [line["event"] for line in lines(capsys)] == ["once"]


def test_the_readable_form_is_one_line_without_colours(capsys: pytest.CaptureFixture[str]) -> None:
    """For a person: the event, the level and the fields, and no control characters where no terminal is."""
    configure(json=False)
    log.info("filing.submitted", attempt=2, mobile_phone=MOBILE)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert all(part in err for part in ("filing.submitted", "attempt=2", "mobile_phone=[redacted]", "info"))
    assert "\x1b" not in err


def test_an_unknown_level_is_refused() -> None:
    """A misspelt level is told at the start."""
    with pytest.raises(ValueError, match="not a log level"):
        configure(json=True, level="LOUD")
