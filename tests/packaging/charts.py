"""The chart for tests: rendered by Helm's own library, and what is kept in step with it. No test lives here.

`python -m tests.packaging.charts` (`make charts`) copies the CRDs and writes the table of values and the reference of the CRDs.
"""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from tests.packaging import reference

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "mcidns"
TABLE = ROOT / "docs" / "install.md"
MARKS = ("<!-- values: made by make charts -->", "<!-- end of values -->")
NAMESPACE = "mcidns-system"
IMAGE = {"image": {"repository": "registry.example.org/mcidns"}}

Object = dict[str, Any]


class _Strict(yaml.SafeLoader):
    """Refuses a key that stands twice, which the API server does too."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"{sorted(twice)} stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


def helm() -> ModuleType:
    """Helm's library; skips where there is none."""
    try:
        import helm_python
    except (ImportError, OSError) as error:
        pytest.skip(f"Helm's library cannot be loaded (helm-python-sdk has wheels for x86_64 Linux with glibc 2.28): {error}")
    return helm_python


def texts(values: Object, *, release: str = "dns", namespace: str = NAMESPACE) -> dict[str, str]:
    """Each template's text by its file name; the values are checked first, as by `helm install`. Raises HelmError."""
    with helm().Chart.load(CHART) as chart:
        rendered: dict[str, str] = chart.render(values, name=release, namespace=namespace)
    return {path.rpartition("/")[2]: text for path, text in rendered.items()}


def rendered(values: Object, *, release: str = "dns", namespace: str = NAMESPACE) -> list[Object]:
    """Every object of the chart but the CRDs; the image has a repository if the values give none."""
    found = texts({**IMAGE, **values}, release=release, namespace=namespace)
    documents = [yaml.load_all(text, _Strict) for name, text in sorted(found.items()) if name.endswith(".yaml")]
    return [one for document in documents for one in document if one is not None]


def of_kind(objects: list[Object], kind: str) -> list[Object]:
    """Those of one kind."""
    return [one for one in objects if one["kind"] == kind]


def container(objects: list[Object]) -> Object:
    """The controller's container."""
    found: Object = of_kind(objects, "Deployment")[0]["spec"]["template"]["spec"]["containers"][0]
    return found


def schema() -> Object:
    """values.schema.json."""
    found: Object = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    return found


def defaults() -> Object:
    """values.yaml."""
    found: Object = yaml.load((CHART / "values.yaml").read_text(encoding="utf-8"), _Strict)
    return found


def leaves(part: Object, values: Any, path: str = "") -> Iterator[tuple[str, Object, Any]]:
    """Path, schema and default of each value that is no group of others, as far as values.yaml goes."""
    for name, inner in part["properties"].items():
        if not isinstance(values, dict) or name not in values:
            continue
        where = f"{path}.{name}".lstrip(".")
        if "properties" in inner:
            yield from leaves(inner, values[name], where)
        else:
            yield where, inner, values[name]


def table() -> str:
    """The values as a table in Markdown."""
    lines = ["| value | default | meaning |", "|---|---|---|"]
    for path, inner, default in leaves(schema(), defaults()):
        shown = json.dumps(default, ensure_ascii=False) if default != "" else ""
        told = re.sub(r"\s+", " ", inner["description"]).replace("|", "\\|")
        lines.append(f"| `{path}` | {f'`{shown}`' if shown else ''} | {told} |")
    return "\n".join(lines)


def with_table(text: str) -> str:
    """docs/install.md with the table of today."""
    head, _, rest = text.partition(MARKS[0])
    tail = rest.partition(MARKS[1])[2]
    return f"{head}{MARKS[0]}\n{table()}\n{MARKS[1]}{tail}"


def main() -> None:
    """Bring copies and table into step."""
    folder = CHART / "crds"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "crds", folder)
    TABLE.write_text(with_table(TABLE.read_text(encoding="utf-8")), encoding="utf-8")
    reference.main()


if __name__ == "__main__":
    main()
