"""Registered documents: the operations of our own clients, by the hash of their text."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import orjson
from graphql import GraphQLSyntaxError, OperationDefinitionNode, parse

MANIFEST: Final = "manifest.json"
OPERATIONS: Final = "operations"


@dataclass(frozen=True, slots=True)
class DocumentStore:
    """Document texts by id, and ids by operation name."""

    texts: Mapping[str, str] = field(default_factory=dict, repr=False)
    ids: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path) -> "DocumentStore":
        """Reads `manifest.json` of a contract folder and the files in its `operations/` that it names.

        Refuses with ValueError when a file is missing, was changed since the manifest was written, or is not listed:
        a client would send an id that the server does not know.
        """
        manifest = orjson.loads((folder / MANIFEST).read_bytes())
        files = {path.name for path in (folder / OPERATIONS).glob("*.graphql")}
        if listed := files ^ {item["file"] for item in manifest.values()}:
            raise ValueError(f"files and {MANIFEST} differ: {', '.join(sorted(listed))}")
        texts: dict[str, str] = {}
        ids: dict[str, str] = {}
        for name, item in manifest.items():
            content = (folder / OPERATIONS / item["file"]).read_bytes()
            if hashlib.sha256(content).hexdigest() != item["sha256"]:
                raise ValueError(f"{item['file']} was changed after {MANIFEST} was written")
            ids[name] = f"sha256:{item['sha256']}"
            texts[ids[name]] = content.decode()
        return cls(texts, ids)


def manifest_of(folder: Path) -> str:
    """Gives the text of a contract folder's `manifest.json`: operation name -> file and SHA-256 of the file's bytes.

    Refuses with ValueError when a file does not hold exactly one named operation, or a name appears twice.
    """
    manifest: dict[str, dict[str, str]] = {}
    for path in sorted((folder / OPERATIONS).glob("*.graphql")):
        content = path.read_bytes()
        name = _operation_name(path.name, content.decode())
        if name in manifest:
            raise ValueError(f"{path.name}: {name} is already in {manifest[name]['file']}")
        manifest[name] = {"file": path.name, "sha256": hashlib.sha256(content).hexdigest()}
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(manifest, option=options).decode()


def write_manifest(folder: Path) -> None:
    """Writes `manifest.json` into a contract folder. Refuses as `manifest_of`."""
    (folder / MANIFEST).write_text(manifest_of(folder), "utf-8")


def _operation_name(file_name: str, text: str) -> str:
    try:
        definitions = parse(text).definitions
    except GraphQLSyntaxError as error:
        raise ValueError(f"{file_name}: {error.message}") from error
    operations = [node for node in definitions if isinstance(node, OperationDefinitionNode)]
    if len(operations) != 1 or operations[0].name is None:
        raise ValueError(f"{file_name} must hold exactly one named operation")
    return operations[0].name.value
