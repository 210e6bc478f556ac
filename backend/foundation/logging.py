"""Structured logs on stderr, out of which personal data and secrets are kept."""

import logging
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_REDACTED: Final = "[redacted]"
_MAX_DEPTH: Final = 8

# Compared without case, "_" and "-", so that idCardNumber and id_card_number are one name.
_REFUSED_NAMES: Final = frozenset(
    name.replace("_", "")
    for name in (
        "account_name",
        "account_number",
        "address",
        "body",
        "card_number",
        "contact_id_number",
        "contact_name",
        "document",
        "form",
        "grant",
        "holder_name",
        "id_card_address",
        "id_card_name",
        "id_card_number",
        "id_number",
        "js_code",
        "openid",
        "owner_name",
        "payload",
        "plaintext",
        "query",
        "session_key",
        "signature",
        "store_address",
        "ticket",
        "unionid",
        "values",
        "variables",
    )
)
_REFUSED_ENDINGS: Final = ("authorization", "cookie", "email", "mobile", "password", "phone", "secret", "token")

_EVENT_NAME: Final = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)*")
_CONTEXT_NAMES: Final = ("trace_id", "operation", "caller_id", "role")
# Only these loggers obey a level below INFO: a database driver's DEBUG lines hold statements with their values,
# an HTTP client's hold headers.
_OUR_LOGGERS: Final = ("backend", "schema")


def configure(*, json: bool, level: str = "INFO") -> None:
    """Send every log line of the process to stderr: one JSON object each, or a readable line when `json` is false.

    Lines of libraries (the standard `logging`) go the same way, so nothing is written that was not redacted. Changes
    the process's logging: handlers set up by anybody else are removed. A server must be started without a logging
    set-up of its own. Libraries' lines below WARNING are never written: an HTTP client's INFO lines hold whole URLs, a
    signing link among them. Nor are uvicorn's access lines, which repeat
    whole URLs. Raises ValueError on an unknown level.
    """
    threshold = logging.getLevelNamesMapping().get(level.upper())
    if threshold is None:
        raise ValueError(f"not a log level: {level!r}")
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            require_event_name,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    renderer: Processor = (
        structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                # The traceback becomes text before redaction, and without local variables.
                structlog.processors.StackInfoRenderer(),
                structlog.processors.format_exc_info,
                redact,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(threshold, logging.WARNING))
    for name in _OUR_LOGGERS:
        logging.getLogger(name).setLevel(threshold)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)


@contextmanager
def log_context(
    *,
    trace_id: str | None = None,
    operation: str | None = None,
    caller_id: str | None = None,
    role: str | None = None,
) -> Iterator[None]:
    """Put these on every log line written inside, also by tasks started inside; what is None stays as it was."""
    given = zip(_CONTEXT_NAMES, (trace_id, operation, caller_id, role), strict=True)
    with structlog.contextvars.bound_contextvars(**{name: value for name, value in given if value is not None}):
        yield


def require_event_name(logger: WrappedLogger, method: str, event_dict: EventDict) -> EventDict:  # noqa: ARG001 - structlog's signature
    """Keep event names constant: a text made at run time is moved to `text`, under the event `log.not_constant`.

    Names are dotted lower-case words, such as `filing.submitted`; what varies goes into fields, where it can be
    searched and redacted by name.
    """
    event = event_dict.get("event")
    if not (isinstance(event, str) and _EVENT_NAME.fullmatch(event)):
        event_dict["text"] = event
        event_dict["event"] = "log.not_constant"
    return event_dict


def redact(logger: WrappedLogger, method: str, event_dict: EventDict) -> EventDict:  # noqa: ARG001 - structlog's signature
    """Blank fields with refused names, and cut personal numbers and secrets out of every text, tracebacks included.

    Whatever is no plain value is turned into its text first, so that no renderer can print more than was seen here.
    """
    return {str(name): _redacted_member(name, value, 0) for name, value in event_dict.items()}


def scrub(text: str) -> str:
    """The text without what looks like a token, a query string, an ID number, a bank card or a mobile number.

    A number is judged by its looks: one that is none of these (a provider's 16-digit number that happens to pass the
    card check) may go too. Names and addresses have no looks; they are kept out by never logging them.
    """
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def _redacted_member(name: object, value: object, depth: int) -> object:
    plain_name = str(name).replace("_", "").replace("-", "").lower()
    if value is not None and (plain_name in _REFUSED_NAMES or plain_name.endswith(_REFUSED_ENDINGS)):
        return _REDACTED
    return _redacted(value, depth)


def _redacted(value: object, depth: int) -> object:
    match value:
        case None | bool() | float():
            return value
        case int():
            text = str(value)
            return value if (clean := scrub(text)) == text else clean
        case str():
            return scrub(value)
        case bytes() | bytearray() | memoryview():
            return f"[{len(value)} bytes]"
        case _ if depth >= _MAX_DEPTH:
            return "[too deep]"
        case Mapping():
            return {scrub(str(name)): _redacted_member(name, member, depth + 1) for name, member in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_redacted(member, depth + 1) for member in value]
        case _:
            return scrub(str(value))


def _card_or_not(found: re.Match[str]) -> str:
    digits = [int(character) for character in found.group() if character.isdigit()]
    doubled = [digit if place % 2 == 0 else sum(divmod(2 * digit, 10)) for place, digit in enumerate(reversed(digits))]
    return "[card number]" if sum(doubled) % 10 == 0 else found.group()


_PATTERNS: Final[tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...]] = (
    (re.compile(r"ssm_[a-z0-9]+_[A-Za-z0-9_-]+"), "[token]"),
    (re.compile(r"\b(bearer)\s+[^\s\"',]+", re.IGNORECASE), r"\1 [token]"),
    # Query strings carry grants, codes and app secrets, under names that differ by host.
    (re.compile(r"(?<=[^\s?])\?[^\s\"'<>?]*=[^\s\"'<>]*"), "?[redacted]"),
    (re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)"), "[id number]"),
    (re.compile(r"(?<!\d)\d(?:[ -]?\d){15,18}(?![ -]?\d)"), _card_or_not),
    (re.compile(r"(?<!\d)(?:86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)"), "[mobile number]"),
)
