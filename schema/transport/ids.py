"""Trace ids."""

import secrets


def new_trace_id() -> str:
    """128 random bits in hexadecimal, the shape of a W3C trace id; a person reads it out to our support."""
    return secrets.token_hex(16)
