"""Texts whose length WeChat counts in bytes."""

from __future__ import annotations


def cut_to_bytes(text: str, limit_bytes: int) -> str:
    """Give as many whole characters of `text` as fit into UTF-8 of `limit_bytes`; half a surrogate pair is dropped."""
    return text.encode("utf-8", "ignore")[:limit_bytes].decode("utf-8", "ignore")
