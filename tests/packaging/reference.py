"""The reference of the CRDs, one page per kind, made of the schemas in crds/. No test lives here.

`python -m tests.packaging.reference` (`make docs`, and part of `make charts`) writes docs/reference/.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "reference"

Schema = dict[str, Any]

MADE: Final = "<!-- made of crds/ by make docs; edit the schema, not this page -->"
READ: Final = {
    "GlobalHost": "[concepts](../concepts.md), [health](../health.md), [routing](../routing.md)",
    "MemberCluster": "[where members come from](../fleets.md), [drains](../health.md#drains)",
    "DNSProvider": "[providers](../README.md#providers), [who reads which Secret](../security.md#secrets)",
    "DNSZone": "[ownership](../ownership.md), [who may claim what](../security.md#who-may-claim-which-name)",
    "DNSEndpoint": "[two halves](../install.md#two-halves), [ExternalDNS](../ownership.md#from-externaldns)",
    "Domain": "[from KubeFed's DNS to mcidns](../migration-kubefed.md)",
    "ServiceDNSRecord": "[from KubeFed's DNS to mcidns](../migration-kubefed.md)",
    "IngressDNSRecord": "[from KubeFed's DNS to mcidns](../migration-kubefed.md)",
}
"""Which pages explain a kind, in the order in which the index lists the kinds."""

_LABEL: Final = r"[^\x00-\x2c\x2e\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f]{1,63}"
KNOWN: Final = {
    rf"^{_LABEL}(\.{_LABEL})*\.?$": "a DNS name",
    rf"^(\*|{_LABEL})(\.{_LABEL})*\.?$": "a DNS name, its first label may be `*`",
    r"^([0-9]{1,9}(\.[0-9]{1,9})?(ms|s|m|h))+$": "a duration in ms, s, m and h, such as `1m30s`",
    r"^([a-z0-9._-]|%\{record_type\})*$": "letters in lower case, digits, `.`, `_`, `-` and `%{record_type}`",
}
"""Patterns that are clearer in words."""


def crds() -> dict[str, Schema]:
    """The spec of each CRD by its kind."""
    found = [yaml.safe_load(path.read_text(encoding="utf-8"))["spec"] for path in (ROOT / "crds").iterdir()]
    return {spec["names"]["kind"]: spec for spec in found}


def walk(schema: Schema, path: str = "", *, required: bool = False) -> Iterator[tuple[str, Schema, bool]]:
    """Path, schema and whether it is required of each field; `[]` stands for an item of a list, `{}` for a value of a map."""
    if path and not path.endswith(("[]", "{}")):
        yield path, schema, required
    for name, inner in schema.get("properties", {}).items():
        yield from walk(inner, f"{path}.{name}".lstrip("."), required=name in schema.get("required", ()))
    if "items" in schema:
        yield from walk(schema["items"], f"{path}[]")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from walk(schema["additionalProperties"], path + "{}")


def type_of(schema: Schema) -> str:
    """What stands in the column of types."""
    if "items" in schema:
        return f"list of {_many(type_of(schema['items']))}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"map of {_many(type_of(schema['additionalProperties']))}"
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return "any object"
    return {"date-time": "time (RFC 3339)", "byte": "base64"}.get(schema.get("format", ""), str(schema["type"]))


def _many(word: str) -> str:
    return word if " of " in word or word == "base64" else f"{word}s"


def limits(schema: Schema, *, required: bool) -> str:
    """What a value must be, beside its type; of a list and a map, each of its values too."""
    told = ["required"] if required else []
    told += _limits(schema)
    for each in (schema.get("items"), schema.get("additionalProperties")):
        inner = _limits(each) if isinstance(each, dict) else []
        told += [f"each: {', '.join(inner)}"] if inner else []
    keys = schema.get("x-kubernetes-list-map-keys")
    told += [f"one for each {' and '.join(keys)}"] if keys else []
    told += ["no value twice"] if schema.get("x-kubernetes-list-type") == "set" else []
    return "; ".join(told)


def _limits(schema: Schema) -> list[str]:
    if "enum" in schema:
        return [" ".join(_code(one) for one in schema["enum"])]
    told = [
        _span(schema.get("minimum"), schema.get("maximum"), ""),
        _span(schema.get("minLength"), schema.get("maxLength"), " characters"),
        _span(schema.get("minItems"), schema.get("maxItems"), " items"),
        _span(None, schema.get("maxProperties"), " entries"),
        _like(schema["pattern"]) if "pattern" in schema else "",
    ]
    return [one for one in told if one]


def _like(pattern: str) -> str:
    return KNOWN.get(pattern) or f"like {_code(pattern)}"


def _span(low: int | None, high: int | None, unit: str) -> str:
    if low is not None and high is not None:
        return f"{low} to {high}{unit}"
    if high is not None:
        return f"at most {high}{unit}"
    return "" if low is None else f"at least {low}{unit}"


def _code(text: object) -> str:
    return f"`{_cell(str(text))}`"


def _cell(text: str) -> str:
    """Text that ends neither its cell nor its row; GitHub reads `\\|` in a table as `|`, in code too."""
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


def page(spec: Schema) -> str:
    """The page of one kind."""
    names, version = spec["names"], spec["versions"][0]
    schema = version["schema"]["openAPIV3Schema"]
    short = ", ".join(_code(one) for one in names.get("shortNames", ()))
    facts = [
        f"`apiVersion: {spec['group']}/{version['name']}`",
        "in a namespace" if spec["scope"] == "Namespaced" else "for the whole cluster",
        f"`kubectl get {names['plural']}`" + (f", short {short}" if short else ""),
    ]
    parts = [f"# {names['kind']}", MADE, schema["description"], f"{'; '.join(facts)}. Read also: {READ[names['kind']]}."]
    own = [key for key in schema["properties"] if key not in ("apiVersion", "kind", "metadata", "status")]
    parts += ["## What you write", _fields(schema, own), "## What the controller writes", _fields(schema, ["status"])]
    rules = [(path, rule) for path, one in _all(schema) for rule in one.get("x-kubernetes-validations", ())]
    if rules:
        lines = [f"| `{path}` | {_cell(rule['message'])} | {_code(rule['rule'])} |" for path, rule in rules]
        parts += [
            "## What is refused",
            "Rules over several fields; the API server checks them and answers with the message.",
            _table("where|message|rule (CEL)", lines),
        ]
    parts += ["## What `kubectl get` shows", "Columns marked wide only with `-o wide`.", _columns(version)]
    return "\n\n".join(parts) + "\n"


def _all(schema: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from _all(inner, f"{path}.{name}".lstrip("."))
    if "items" in schema:
        yield from _all(schema["items"], f"{path}[]")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _all(schema["additionalProperties"], path + "{}")


def _fields(schema: Schema, wanted: list[str]) -> str:
    top = {key: schema["properties"][key] for key in wanted}
    lines = []
    for path, inner, required in walk({"properties": top, "required": schema.get("required", [])}):
        default = _code(json.dumps(inner["default"], ensure_ascii=False)) if "default" in inner else ""
        cells = (f"`{path}`", type_of(inner), default, limits(inner, required=required), _cell(inner["description"]))
        lines.append(f"| {' | '.join(cells)} |")
    return _table("field|type|default|limits|meaning", lines)


def _columns(version: Schema) -> str:
    lines = []
    for one in version["additionalPrinterColumns"]:
        name = one["name"] + (" (wide)" if one.get("priority") else "")
        lines.append(f"| {name} | {_code(one['jsonPath'])} | {_cell(one['description'])} |")
    return _table("column|from|meaning", lines)


def _table(head: str, lines: list[str]) -> str:
    names = head.split("|")
    return "\n".join((f"| {' | '.join(names)} |", "|" + "---|" * len(names), *lines))


def pages() -> dict[str, str]:
    """Every page by its file name, the index with them."""
    found = crds()
    made = {f"{kind.lower()}.md": page(found[kind]) for kind in READ}
    rows = []
    for kind in READ:
        told = found[kind]["versions"][0]["schema"]["openAPIV3Schema"]["description"]
        rows.append(f"| [{kind}]({kind.lower()}.md) | `{found[kind]['group']}` | {_cell(told)} |")
    told = "Every field, as the API server checks it. In a path `[]` stands for an item of a list, `{}` for a value of a map."
    made["README.md"] = "\n\n".join(("# Reference of the CRDs", MADE, told, _table("kind|group|what it is", rows))) + "\n"
    return made


def main() -> None:
    """Bring docs/reference into step."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = pages()
    for path in FOLDER.glob("*.md"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
