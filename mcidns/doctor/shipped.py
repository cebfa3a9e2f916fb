"""The CRDs and the rights that this version ships, from the package or the checkout; what they are for lives elsewhere."""

from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import yaml

import mcidns

Object = dict[str, Any]

_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PACKAGE: Final = Path(mcidns.__file__).parent


@cache
def definitions() -> tuple[tuple[str, Object], ...]:
    """Every CRD, with the name of its file. Shared: copy what is to be changed."""
    folder = next(path for path in (_PACKAGE / "crds", _PACKAGE.parent / "crds") if path.is_dir())
    return tuple((path.name, _documents(path)[0]) for path in sorted(folder.glob("*.yaml")))


@cache
def roles(where: Literal["host", "member"]) -> tuple[Object, ...]:
    """The documents of docs/host-rbac.yaml or docs/member-rbac.yaml. Shared: copy what is to be changed."""
    name = f"{where}-rbac.yaml"
    file = next(path for path in (_PACKAGE / "rights" / name, _PACKAGE.parent / "docs" / name) if path.is_file())
    return _documents(file)


def _documents(file: Path) -> tuple[Object, ...]:
    return tuple(yaml.load_all(file.read_text(encoding="utf-8"), Loader=_Loader))
