"""Catalogue pages: Markdown written from the tables of the code, so that no page can disagree with it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from schema.catalogue_pages.access import access_page
from schema.catalogue_pages.door import door_page
from schema.catalogue_pages.errors import errors_page
from schema.catalogue_pages.events import events_page
from schema.catalogue_pages.form_fields import form_fields_page
from schema.catalogue_pages.life_cycles import APPLICATION, PERSON, Life, diagram_of, life_cycle_page
from schema.catalogue_pages.messages import messages_page
from schema.catalogue_pages.provider import MagicValueRow, magic_values_page, provider_states_page

__all__ = ["README_DIAGRAMS", "MagicValueRow", "markers_of", "pages", "readme_with_diagram"]

# The diagrams of the READMEs, by the name in their markers.
README_DIAGRAMS: Final[Mapping[str, Life]] = {"life cycle": APPLICATION, "people": PERSON}


def pages(magic_values: Iterable[MagicValueRow]) -> dict[str, str]:
    """Give every page of `docs/reference/` by file name."""
    return {
        "life-cycle.md": life_cycle_page(),
        "form-fields.md": form_fields_page(),
        "events.md": events_page(),
        "errors.md": errors_page(),
        "access.md": access_page(),
        "messages.md": messages_page(),
        "door.md": door_page(),
        "provider-states.md": provider_states_page(),
        "magic-values.md": magic_values_page(magic_values),
    }


def readme_with_diagram(readme_text: str) -> str:
    """Give the README with each diagram of today between its two markers. Raises `ValueError` when one is missing."""
    for name, life in README_DIAGRAMS.items():
        start_marker, end_marker = markers_of(name)
        before, start, rest = readme_text.partition(start_marker)
        _, end, after = rest.partition(end_marker)
        if not start or not end:
            raise ValueError(f"the markers of the diagram '{name}' are missing")
        readme_text = f"{before}{start}\n\n{diagram_of(life)}\n{end}{after}"
    return readme_text


def markers_of(name: str) -> tuple[str, str]:
    """Give what stands before and behind a diagram."""
    return f"<!-- {name}: written by `sesame export-schema` -->", f"<!-- end of {name} -->"
