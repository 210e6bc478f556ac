"""What one request or one socket may use."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds of the transport; every one is a setting of the deployment."""

    json_body_bytes: int = 32 * 1024
    """A JSON body, and the `operations` field of an upload."""
    upload_file_bytes: int = 10 * 1024 * 1024
    """The file of an upload; the whole body may add `json_body_bytes` and `upload_overhead_bytes`."""
    upload_overhead_bytes: int = 16 * 1024
    """The `map`, part headers, boundaries and the form fields that are not ours."""
    body_seconds: float = 60.0
    """From the first byte of a body to its last; a phone in a basement shop uploads slowly."""
    document_tokens: int = 1500
    cached_documents: int = 256
    """Parsed and validated documents kept, least recently used first to go."""
    errors: int = 20
    """Errors in one answer."""
    init_seconds: float = 10.0
    """From the handshake to the end of `connection_init`."""
    socket_seconds: float = 1800.0
    """Age at which a socket is closed with 1001, so that connections spread over the processes again."""
    close_seconds: float = 5.0
    """How long a close frame may wait for a peer that does not read."""
    socket_operations: int = 20
    """Operations in flight on one socket."""
    sockets: int = 5000
    """Sockets of this process; more are turned away with 1013."""
    operation_id_characters: int = 128
