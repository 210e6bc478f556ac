"""Media types of requests and answers."""

from dataclasses import dataclass
from typing import Final

from python_multipart.multipart import parse_options_header

from schema.transport.errors import Code, HttpError
from schema.transport.texts import TEXTS


@dataclass(frozen=True, slots=True)
class AnswerMedia:
    """How an answer is labelled.

    `request_error_status` is 400 for clients of the HTTP draft, and 200 for clients that ask for plain
    `application/json`: these take any other status for a failure of the network (graphql-http audits 3715, 572B, FDE2,
    7B9B against 6610, 556A, 74FF, 86EE).
    """

    name: str
    request_error_status: int


GRAPHQL: Final = AnswerMedia("application/graphql-response+json", 400)
JSON: Final = AnswerMedia("application/json", 200)
UNSPECIFIED: Final = AnswerMedia("application/json", 400)
"""For a client that says nothing or takes anything (audits 47DE and 80D8 want plain JSON, 3E3A and 58B0 want 400)."""


def answer_media(accept: str | None) -> AnswerMedia:
    """Chooses the media type of the answer by RFC 9110 section 12.5.1; the new GraphQL type wins a tie.

    Refuses with 406 when neither type is acceptable.
    """
    if accept is None or not accept.strip():
        return UNSPECIFIED
    weights = _weights(accept)
    graphql, json = weights.get(GRAPHQL.name), weights.get(JSON.name)
    wildcard = weights.get("application/*", weights.get("*/*", 0.0))
    offers = [
        (graphql if graphql is not None else wildcard, graphql is not None, GRAPHQL),
        (json if json is not None else wildcard, json is not None, JSON),
    ]
    weight, named, media = max(offers, key=lambda offer: (offer[0], offer[1]))
    if weight == 0.0:
        raise HttpError(406, Code.BAD_REQUEST, TEXTS["accept"])
    return media if named else UNSPECIFIED


def _weights(accept: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for item in accept.split(","):
        media_range, *parameters = (part.strip().lower() for part in item.split(";"))
        if any(parameter.startswith("charset=") and "utf-8" not in parameter for parameter in parameters):
            continue
        weight = next((parameter[2:] for parameter in parameters if parameter.startswith("q=")), "1")
        try:
            weights[media_range] = min(max(float(weight), 0.0), 1.0)
        except ValueError:
            continue
    return weights


def is_upload(content_type: str | None, content_encoding: str | None) -> bool:
    """Whether the body is multipart (True) or JSON (False); 415 for everything else."""
    if content_encoding is not None and content_encoding.strip().lower() != "identity":
        raise HttpError(415, Code.BAD_REQUEST, TEXTS["content_encoding"])
    media_type, options = parse_options_header(content_type)
    if media_type == b"multipart/form-data":
        return True
    if media_type == b"application/json" and options.get(b"charset", b"utf-8").lower() in {b"utf-8", b"utf8"}:
        return False
    raise HttpError(415, Code.BAD_REQUEST, TEXTS["content_type"])
