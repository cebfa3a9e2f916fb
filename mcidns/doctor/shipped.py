"""The CRDs and the rights that this version ships, from the package or the checkout; what they are for lives elsewhere."""

from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import yaml

import mcidns

Object = dict[str, Any]

_PACKAGE: Final = Path(mcidns.__file__).parent


@cache
def definitions() -> tuple[tuple[str, Object], ...]:
    """Every CRD, with the name of its file."""
    folder = next(path for path in (_PACKAGE / "crds", _PACKAGE.parent / "crds") if path.is_dir())
    return tuple((path.name, yaml.safe_load(path.read_text(encoding="utf-8"))) for path in sorted(folder.glob("*.yaml")))


@cache
def roles(where: Literal["host", "member"]) -> tuple[Object, ...]:
    """The documents of docs/host-rbac.yaml or docs/member-rbac.yaml."""
    name = f"{where}-rbac.yaml"
    file = next(path for path in (_PACKAGE / "rights" / name, _PACKAGE.parent / "docs" / name) if path.is_file())
    return tuple(yaml.safe_load_all(file.read_text(encoding="utf-8")))
