"""Who is concerned by what: an index from things to those that care for them; what follows from a change is the caller's."""

from collections.abc import Collection, Hashable
from typing import Generic, TypeVar

W = TypeVar("W", bound=Hashable)
K = TypeVar("K", bound=Hashable)


class Interests(Generic[W, K]):
    """`set` says anew what somebody cares for; `of` tells who cares for a thing. Its size is that of what is cared for now."""

    def __init__(self) -> None:
        self._things: dict[W, frozenset[K]] = {}
        self._whose: dict[K, set[W]] = {}

    def set(self, who: W, things: frozenset[K]) -> None:
        """`who` cares for these and nothing else."""
        before = self._things.get(who, frozenset())
        if before == things:
            return
        for thing in before - things:
            whose = self._whose[thing]
            whose.discard(who)
            if not whose:
                del self._whose[thing]
        for thing in things - before:
            self._whose.setdefault(thing, set()).add(who)
        if things:
            self._things[who] = things
        else:
            del self._things[who]

    def of(self, thing: K) -> Collection[W]:
        """Those who care for it."""
        return self._whose.get(thing, ())
