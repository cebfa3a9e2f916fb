"""What became of every name, object by object, told once and only when it differs; conditions are made of it elsewhere."""

from collections.abc import Callable, Iterable

from mcidns.model.decisions import Programming, PropagationState
from mcidns.model.names import DnsName
from mcidns.model.references import ObjectRef


class Reports:
    """The latest Programming per object and name. `on_report` is called when an object has something it was not shown yet."""

    def __init__(self, on_report: Callable[[ObjectRef], None]) -> None:
        self._on_report = on_report
        self._known: dict[ObjectRef, dict[DnsName, Programming]] = {}
        self._shown: dict[ObjectRef, dict[DnsName, Programming]] = {}
        self._unread: set[ObjectRef] = set()

    def put(self, sources: Iterable[ObjectRef], programming: Programming, *, written: bool = False) -> None:
        """The same word for each of these objects. What was known of propagation stays, unless the name was written anew."""
        name = programming.name
        for source in sources:
            known = self._known.get(source)
            if known is None:
                known = self._known[source] = {}
            before, word = known.get(name), programming
            if (
                before is not None
                and not written
                and before.state == word.state == "Programmed"
                and before.propagation != "Unknown"
            ):
                word = _with(word, before.propagation, before.propagation_message)
            known[name] = word
            self._notify(source, word)

    def _notify(self, source: ObjectRef, programming: Programming) -> None:
        if source in self._unread:
            return
        shown = self._shown.get(source)
        if shown is None or shown.get(programming.name) != programming:
            self._unread.add(source)
            self._on_report(source)

    def propagated(self, sources: Iterable[ObjectRef], name: DnsName, state: PropagationState, message: str) -> None:
        """Whether the authoritative servers answer what was written."""
        for source in sources:
            known = self._known.get(source, {}).get(name)
            if known is not None and known.state == "Programmed":
                word = _with(known, state, message)
                self._known[source][name] = word
                self._notify(source, word)

    def get(self, source: ObjectRef, name: DnsName) -> Programming | None:
        """The latest word, shown or not."""
        return self._known.get(source, {}).get(name)

    def show(self, source: ObjectRef, programmings: tuple[Programming, ...]) -> None:
        """Note what the object has been shown."""
        self._unread.discard(source)
        self._shown[source] = {programming.name: programming for programming in programmings}

    def retain(self, source: ObjectRef, names: Callable[[], Iterable[DnsName]]) -> None:
        """Forget names the object no longer has; an object without names is forgotten altogether."""
        if source not in self._known and source not in self._shown:
            return
        kept = set(names())
        for table in (self._known, self._shown):
            if source in table:
                table[source] = {name: programming for name, programming in table[source].items() if name in kept}
        if not kept:
            self._known.pop(source, None)
            self._shown.pop(source, None)
            self._unread.discard(source)


def _with(word: Programming, propagation: PropagationState, message: str) -> Programming:
    return Programming(word.name, word.state, word.reason, word.message, propagation, message)
