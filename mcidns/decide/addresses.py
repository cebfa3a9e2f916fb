"""From load balancers' names to addresses, by what is known of them now; who asks the resolvers lives in observe."""

from collections.abc import Mapping, Sequence

from mcidns.decide import permission, signals, verdicts
from mcidns.decide.verdicts import Ground, Judged
from mcidns.model.clusters import Resolved
from mcidns.model.decisions import Reason, World
from mcidns.model.names import DnsName
from mcidns.model.targets import Address, Target

Book = Mapping[DnsName, tuple[Address, ...]]
"""What each name resolves to, newest knowledge first; a name that is absent was never resolved."""

_NOTHING: tuple[Address, ...] = ()


def book(world: World) -> Book:
    """A failed look-up keeps what was known before it, in this process or the last one (law 1)."""
    found: dict[DnsName, tuple[Address, ...]] = {}
    for name, texts in world.memory.resolved:
        found[name] = tuple([target for target in signals.parsed(texts) if not isinstance(target, DnsName)])
    for name, resolution in world.resolutions:
        known = resolution if isinstance(resolution, Resolved) else resolution.last
        if known is not None:
            found[name] = tuple(known.addresses)
    return found


def reached(target: Target, known: Book) -> tuple[Address, ...]:
    """The addresses that clients come to by this target, as far as they are known."""
    return known.get(target, _NOTHING) if isinstance(target, DnsName) else (target,)


def check(judged: Sequence[Judged], known: Book, ground: Ground, *, direct: bool) -> tuple[Judged, ...]:
    """Take out the clusters whose names lead to no address that may be published; the others are not touched.

    `direct`: one name is all there is to serve and may be published as a CNAME, so that it need not be resolved here.
    """
    found = []
    for one in judged:
        only_names = bool(one.verdict.targets) and all(isinstance(target, DnsName) for target in one.verdict.targets)
        found.append(_check(one, known, ground, direct=direct) if one.verdict.eligible and only_names else one)
    return tuple(found)


def _check(judged: Judged, known: Book, ground: Ground, *, direct: bool) -> Judged:
    names = [target for target in judged.verdict.targets if isinstance(target, DnsName)]
    found = [address for name in names for address in known.get(name, _NOTHING)]
    objections = [permission.objection(address, ground.zones, ground.own) for address in found]
    if None in objections or (direct and not found):
        return judged
    spelled = ", ".join(name.relative for name in names)
    if objections:
        message = f"{spelled}: " + "; ".join(sorted({text for text in objections if text}))
        return verdicts.demote(judged, Reason.NOT_PERMITTED, message, ground.now)
    message = f"{spelled} resolves to no address"
    return verdicts.demote(judged, Reason.UNRESOLVED, message, ground.now)


def remembered(judged: Sequence[Judged], known: Book) -> tuple[tuple[DnsName, tuple[str, ...]], ...]:
    """What a restart must know of the names in use, before its first look-ups."""
    used = {target for one in judged for target in one.reaches if isinstance(target, DnsName)}
    return tuple((name, tuple(sorted(map(str, known[name])))) for name in sorted(used) if known.get(name))


def next_look(world: World, judged: Sequence[Judged], now: float) -> list[float]:
    """When the resolutions in use stop being fresh."""
    if not world.resolutions:
        return []
    used = {target for one in judged for target in one.reaches}
    return [
        resolution.until
        for name, resolution in world.resolutions
        if name in used and isinstance(resolution, Resolved) and resolution.until > now
    ]
