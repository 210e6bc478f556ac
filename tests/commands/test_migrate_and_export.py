"""The verbs that end by themselves: migrate, export-schema, sandbox --values, --version."""

from __future__ import annotations

from pathlib import Path

import orjson

from backend.commands.data_folder import stored_port
from tests.commands.running import sesame


def test_migrate_twice(tmp_path: Path, empty_database_url: str) -> None:
    """The first brings everything, the second finds nothing to do, and `--check` agrees."""
    settings = {"SESAME_DATABASE_URL": empty_database_url}
    first = sesame("migrate", "--data", tmp_path / "data", "--json", settings=settings)
    assert (first.exit_code, first.json) == (0, {"applied": ["0001_initial", "0002_people"]})
    again = sesame("migrate", "--data", tmp_path / "data", "--json", settings=settings)
    assert (again.exit_code, again.json) == (0, {"applied": []})
    check = sesame("migrate", "--check", "--data", tmp_path / "data", settings=settings)
    assert (check.exit_code, check.stderr) == (0, "")


def test_what_is_generated_is_up_to_date() -> None:
    """`export-schema --check` writes nothing and finds nothing stale in this checkout."""
    result = sesame("export-schema", "--check", "--json")
    assert (result.exit_code, result.json) == (0, {"written": []})


def test_the_magic_values_are_those_of_the_data_file() -> None:
    """`sandbox --values` prints the table that sandbox, docs and tests share, for people and for programs."""
    rows = orjson.loads((Path(__file__).parents[2] / "backend" / "sandbox" / "values.json").read_bytes())
    shown = sesame("sandbox", "--values", "--json").json["values"]
    assert [value["phone"] for value in shown] == [row["phone"] for row in rows]
    table = sesame("sandbox", "--values").stdout
    assert all(row["phone"] in table and row["meaning"] in table for row in rows)


def test_a_port_file_that_is_no_number_is_as_good_as_none(tmp_path: Path) -> None:
    """A damaged note of a port must not keep anything from starting."""
    (tmp_path / "api.port").write_text("eight thousand")
    assert stored_port(tmp_path, "api") == 0
