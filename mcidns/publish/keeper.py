"""Keeps objects of one kind as they are wanted, whoever edits or deletes them; what is wanted of each is worked out elsewhere."""

from collections.abc import Callable
from typing import Generic, TypeVar

from mcidns.kube.client import KubeClient, Object
from mcidns.kube.kinds import Kind
from mcidns.model.references import ObjectRef
from mcidns.publish import steps
from mcidns.publish.steps import Clash, OnClash, Shelf, Step
from mcidns.publish.writer import Writer

Wanted = TypeVar("Wanted")
Plan = Callable[[ObjectRef, Wanted | None, Object | None], Step | None]
"""What turns the object as seen (None: there is none) into the wanted one (None: none of ours); None when nothing does."""


class Keeper(Generic[Wanted]):
    """`want` says how an object shall be, `seen` that it is different now; both return at once, and writes follow.

    What must be written is worked out when its turn comes, so that `want` costs next to nothing while DNS waits.

    An object that nothing was ever said of is left alone: it may be wanted by something that has not been read yet.

    `on_clash(ref, message)` tells of an object of somebody else in the wanted one's place, and with an empty message that
    it no longer stands in the way.
    """

    def __init__(
        self,
        kind: Kind,
        plan: Plan[Wanted],
        *,
        client: KubeClient,
        shelf: Shelf,
        writer: Writer,
        on_clash: OnClash,
    ) -> None:
        self._kind = kind
        self._plan = plan
        self._client = client
        self._shelf = shelf
        self._writer = writer
        self._on_clash = on_clash
        self._wanted: dict[ObjectRef, Wanted] = {}
        self._unwanted: set[ObjectRef] = set()
        self._clashes: dict[ObjectRef, str] = {}
        self._answers: dict[ObjectRef, tuple[str, Step]] = {}

    @property
    def in_step(self) -> bool:
        """Whether every object is as wanted, or cannot be."""
        return all(not isinstance(self._step(ref), steps.Write) for ref in self._wanted)

    def want(self, ref: ObjectRef, wanted: Wanted | None) -> None:
        """The object shall be so; None: it shall not exist, as far as it is ours."""
        if wanted is None:
            self._wanted.pop(ref, None)
            self._answers.pop(ref, None)
            self._unwanted.add(ref)
        else:
            self._wanted[ref] = wanted
            self._unwanted.discard(ref)
        self._enqueue(ref)

    def seen(self, ref: ObjectRef) -> None:
        """The object changed, came or went: write if it is not as wanted."""
        step = self._step(ref)
        self._tell(ref, step)
        if step is None:
            self._unwanted.discard(ref)
        elif not isinstance(step, Clash):
            self._enqueue(ref)

    def _enqueue(self, ref: ObjectRef) -> None:
        self._writer.want((self._kind.kind, ref), lambda: self._write(ref))

    def _step(self, ref: ObjectRef) -> Step | None:
        if ref not in self._wanted and ref not in self._unwanted:
            return None
        seen = self._shelf.get(self._kind, ref.namespace, ref.name)
        step = self._plan(ref, self._wanted.get(ref), seen)
        # A server may keep something else than it was sent (a webhook, an older schema); sending it again would never end.
        return None if step is not None and self._answers.get(ref) == (_version(seen), step) else step

    async def _write(self, ref: ObjectRef) -> None:
        step = self._step(ref)
        self._tell(ref, step)
        if step is None:
            self._unwanted.discard(ref)
        elif not isinstance(step, Clash):
            answer = await steps.carry_out(self._client, step)
            if answer is not None:
                self._answers[ref] = (_version(answer), step)
                self._shelf.put(self._kind, answer)

    def _tell(self, ref: ObjectRef, step: Step | None) -> None:
        message = step.message if isinstance(step, Clash) else ""
        if self._clashes.get(ref, "") == message:
            return
        if message:
            self._clashes[ref] = message
        else:
            del self._clashes[ref]
        self._on_clash(ref, message)


def _version(obj: Object | None) -> str:
    return steps.text(obj, "metadata", "resourceVersion")
