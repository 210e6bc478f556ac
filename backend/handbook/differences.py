"""What changed from one version to the next, member by member. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from backend.foundation.events import canonical


@dataclass(frozen=True, slots=True)
class Difference:
    """One member that differs: where, and both values as text; None where there is none.

    `path` counts list items in the new version; of an item that is gone, in the old one.
    """

    path: str
    old: str | None
    new: str | None


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Difference, ...]:
    """List what differs between two contents as JSON, in the order of their members; () when they say the same.

    An item that is put into a list, or taken out of one, is one difference: those behind it only moved.
    """
    return tuple(_between("", old, new))


def _between(path: str, old: Any, new: Any) -> Iterator[Difference]:
    if old == new:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in dict.fromkeys((*old, *new)):
            yield from _between(f"{path}.{name}" if path else name, old.get(name), new.get(name))
    elif isinstance(old, Sequence) and isinstance(new, Sequence) and not isinstance(old, str):
        yield from _between_lists(path, old, new)
    else:
        yield Difference(path, _as_text(old), _as_text(new))


def _between_lists(path: str, old: Sequence[Any], new: Sequence[Any]) -> Iterator[Difference]:
    matcher = SequenceMatcher(
        None, [canonical(item) for item in old], [canonical(item) for item in new], autojunk=False
    )
    for _, old_from, old_to, new_from, new_to in (code for code in matcher.get_opcodes() if code[0] != "equal"):
        for old_index, new_index in zip_longest(range(old_from, old_to), range(new_from, new_to)):
            before = None if old_index is None else old[old_index]
            after = None if new_index is None else new[new_index]
            yield from _between(f"{path}.{old_index if new_index is None else new_index}", before, after)


def _as_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else canonical(value)
