"""Our GraphQL endpoint: HTTP and the `graphql-transport-ws` socket."""

from schema.transport.documents import MANIFEST, OPERATIONS, DocumentStore, manifest_of, write_manifest
from schema.transport.endpoint import Transport
from schema.transport.errors import ApiError, Code
from schema.transport.execution import Caller, OpenContext
from schema.transport.limits import Limits
from schema.transport.multipart import Upload, UploadedFile

__all__ = [
    "MANIFEST",
    "OPERATIONS",
    "ApiError",
    "Caller",
    "Code",
    "DocumentStore",
    "Limits",
    "OpenContext",
    "Transport",
    "Upload",
    "UploadedFile",
    "manifest_of",
    "write_manifest",
]
