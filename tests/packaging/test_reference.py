"""The reference of the CRDs says what the schemas say."""

import pytest

from tests.packaging import reference
from tests.packaging.reference import FOLDER


def test_the_reference_is_that_of_the_schemas_to_the_byte() -> None:
    assert {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()} == reference.pages(), "make docs writes it"


def test_every_kind_has_a_page_and_every_column_says_what_it_shows() -> None:
    found = reference.crds()
    assert set(found) == set(reference.READ)
    columns = [one for spec in found.values() for one in spec["versions"][0]["additionalPrinterColumns"]]
    assert [one["name"] for one in columns if not one.get("description", "").endswith(".")] == []


@pytest.mark.parametrize(
    ("schema", "required", "type_", "limits"),
    [
        pytest.param({"type": "string", "minLength": 1, "maxLength": 9}, True, "string", "required; 1 to 9 characters", id="text"),
        pytest.param({"type": "integer", "minimum": 1}, False, "integer", "at least 1", id="number"),
        pytest.param({"type": "string", "enum": ["A", "B"]}, False, "string", "`A` `B`", id="choice"),
        pytest.param({"type": "string", "pattern": "^a|b$"}, False, "string", "like `^a\\|b$`", id="pattern with a bar"),
        pytest.param(
            {"type": "array", "maxItems": 2, "items": {"type": "string", "maxLength": 3}},
            False,
            "list of strings",
            "at most 2 items; each: at most 3 characters",
            id="list",
        ),
        pytest.param(
            {"type": "object", "maxProperties": 5, "additionalProperties": {"type": "integer", "maximum": 7}},
            False,
            "map of integers",
            "at most 5 entries; each: at most 7",
            id="map",
        ),
    ],
)
def test_a_field_is_told_with_its_type_and_its_limits(schema: reference.Schema, required: bool, type_: str, limits: str) -> None:
    assert (reference.type_of(schema), reference.limits(schema, required=required)) == (type_, limits)
