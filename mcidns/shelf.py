"""A place to look host objects up before it is known who keeps them; keeping them is the intake's."""

from collections.abc import Callable

from mcidns.kube.client import Object
from mcidns.kube.kinds import Kind


class Shelf:
    """The host's objects as last seen; the intake fills it, and it takes what writes return."""

    def __init__(self) -> None:
        self._get: Callable[[Kind, str, str], Object | None] = lambda *_: None
        self._put: Callable[[Kind, Object], None] = lambda *_: None

    def connect(self, get: Callable[[Kind, str, str], Object | None], put: Callable[[Kind, Object], None]) -> None:
        """Say who keeps them."""
        self._get, self._put = get, put

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """The object, None where there is none."""
        return self._get(kind, namespace, name)

    def put(self, kind: Kind, obj: Object) -> None:
        """The object is as it says."""
        self._put(kind, obj)
