"""Photos: uploads, checks, grants."""

from backend.images.pictures import Picture, PictureRefused, normalise_in_thread
from backend.images.service import discard, granted_url, keep, purposes_of, read, register

__all__ = [
    "Picture",
    "PictureRefused",
    "discard",
    "granted_url",
    "keep",
    "normalise_in_thread",
    "purposes_of",
    "read",
    "register",
]
