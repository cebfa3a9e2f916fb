"""Keeps the status of objects of every kind as it was last said; what it says is rendered in status."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mcidns.kube.client import KubeClient, Object
from mcidns.kube.kinds import Kind
from mcidns.model.decisions import Condition
from mcidns.model.references import ObjectRef
from mcidns.publish import status, steps
from mcidns.publish.status import Render
from mcidns.publish.steps import PatchStatus, Shelf
from mcidns.publish.writer import Writer

Key = tuple[Kind, ObjectRef]
OnStatus = Callable[[Kind, ObjectRef, Object, Object], None]


@dataclass(frozen=True, slots=True)
class _Said:
    render: Render
    partial: bool


@dataclass(frozen=True, slots=True)
class _Answer:
    """What was sent, at what time it was rendered, and the version that came of it."""

    sent: PatchStatus
    now: float
    version: str


class Statuses:
    """`put` says what a status shall be and returns at once; only what differs from the object as last seen is written.

    `on_status(kind, ref, status, seen)` hears of every status when its turn comes, for Events. With `partial` only the fields
    given are ours, and a schema that drops them ends the matter for that kind.
    """

    def __init__(
        self,
        *,
        client: KubeClient,
        shelf: Shelf,
        writer: Writer,
        clock: Callable[[], float],
        on_status: OnStatus = lambda *_: None,
    ) -> None:
        self._client = client
        self._shelf = shelf
        self._writer = writer
        self._clock = clock
        self._on_status = on_status
        self._said: dict[Key, _Said] = {}
        self._answers: dict[Key, _Answer] = {}
        self._conditions: dict[Key, dict[str, Condition]] = {}
        self._dropped: set[Kind] = set()

    def put(self, kind: Kind, ref: ObjectRef, render: Render, *, partial: bool = False, after: float = 0.0) -> None:
        """The object's status shall be what `render` makes of the object as seen and the time, within `after` seconds."""
        if kind in self._dropped:
            return
        self._said[(kind, ref)] = _Said(render, partial)
        self._enqueue((kind, ref), after)

    def condition(self, kind: Kind, ref: ObjectRef, condition: Condition) -> None:
        """The object's status shall say this besides the conditions of other types given here; nothing else of it is ours."""
        said = self._conditions.setdefault((kind, ref), {})
        said[condition.type] = condition
        wanted = tuple(said[type_] for type_ in sorted(said))

        def render(seen: Object | None, now: float) -> Object:
            known = int(steps.section(seen, "metadata").get("generation") or 0)
            return {"conditions": status.conditions(wanted, seen, known, now)}

        self.put(kind, ref, render, partial=True)

    def forget(self, kind: Kind, ref: ObjectRef) -> None:
        """The object is gone."""
        self._said.pop((kind, ref), None)
        self._answers.pop((kind, ref), None)
        self._conditions.pop((kind, ref), None)
        self._writer.forget((f"{kind.kind} status", ref))

    def seen(self, kind: Kind, ref: ObjectRef) -> None:
        """The object came or changed: write if its status is not what was said last."""
        key = (kind, ref)
        seen = self._get(key) if key in self._said else None
        if seen is not None and self._step(key, seen) is not None:
            self._enqueue(key, 0.0)

    def _enqueue(self, key: Key, after: float) -> None:
        self._writer.want((f"{key[0].kind} status", key[1]), lambda: self._write(key), after=after)

    def _get(self, key: Key) -> Object | None:
        kind, ref = key
        return self._shelf.get(kind, ref.namespace, ref.name)

    def _step(self, key: Key, seen: Object) -> tuple[PatchStatus, float] | None:
        said, answer = self._said.get(key), self._answers.get(key)
        if said is None or key[0] in self._dropped:
            return None
        if answer is not None and answer.version == _version(seen):
            # The server keeps something else than it was sent; sending the same again would never end.
            again = status.step(*key, said.render(seen, answer.now), seen, partial=said.partial)
            if again == answer.sent:
                return None
        now = self._clock()
        found = status.step(*key, said.render(seen, now), seen, partial=said.partial)
        return None if found is None else (found, now)

    async def _write(self, key: Key) -> None:
        seen = self._get(key)
        if seen is None or key not in self._said:
            return
        self._on_status(*key, self._said[key].render(seen, self._clock()), seen)
        found = self._step(key, seen)
        if found is None:
            return
        sent, now = found
        answer = await steps.carry_out(self._client, sent)
        if answer is None or key not in self._said:
            return
        if self._said[key].partial and not _kept(answer, sent):
            self._dropped.add(key[0])
            return
        self._answers[key] = _Answer(sent, now, _version(answer))
        self._shelf.put(key[0], answer)


def _version(obj: Object) -> str:
    return steps.text(obj, "metadata", "resourceVersion")


def _kept(answer: Object, sent: PatchStatus) -> bool:
    there: dict[str, Any] = dict(steps.section(answer, "status"))
    return any(key in there for key in sent.patch)
