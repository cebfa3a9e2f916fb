"""What is asked of the zone for each name, and what must be remembered of it; why a target is in or out lives in verdicts."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from mcidns.decide import admission, policies, render, routes
from mcidns.decide.addresses import Book
from mcidns.decide.admission import Refusal
from mcidns.decide.claims import Claims, Granted
from mcidns.decide.drains import Refused
from mcidns.decide.render import NOTHING, Measure, Rendered
from mcidns.decide.routes import Serving
from mcidns.decide.verdicts import Ground, Judged
from mcidns.model.decisions import NameDecision, Reason, World
from mcidns.model.hosts import WhenNoneHealthy
from mcidns.model.names import DnsName
from mcidns.model.records import Untouched, Wish
from mcidns.model.targets import Target

WITHDRAWN_KEPT = 64
"""How many withdrawn values of one name are repeated at most; the newest stay."""


class Scene(Struct, frozen=True, gc=False):
    """All that is settled about a host before its names are filled. `refused` are drains that do not hold here, and why."""

    world: World
    ground: Ground
    judged: tuple[Judged, ...]
    known: Book
    claims: Claims
    serving: Serving
    refused: Refused = ()


class Filled(Struct, frozen=True, gc=False):
    """One name's decision with what conditions and memory need besides. `withdrawn` as in Memory.

    `fail_open` is the rule by which it is served although nothing is healthy, None where something is or nothing is served;
    `degraded` says what became of a policy that the zone cannot express.
    """

    decision: NameDecision
    granted: Granted
    fail_open: WhenNoneHealthy | None
    left_out: int
    withdrawn: tuple[str, ...]
    degraded: str = ""


class _Doubts(Struct, frozen=True, gc=False):
    """`unseen`: nothing is known of some member; `aliases`: names of load balancers that were never resolved, as a CNAME has them.

    `values` are those that a cluster of which something is known could have put into DNS, where that is of use.
    """

    unseen: bool
    aliases: frozenset[str]
    values: frozenset[str]


def fill(scene: Scene) -> tuple[Filled, ...]:
    """Every granted name, sorted, with its wish."""
    published = dict(scene.world.memory.published)
    withdrawn = dict(scene.world.memory.withdrawn)
    doubts = _doubts(scene)
    filled = []
    for granted in scene.claims.granted:
        before = published.get(granted.name, ())
        rendered, fail_open = _rendered(scene, granted, before)
        past = _Past(before, withdrawn.get(granted.name, ()), fail_open)
        wish, history = _wish(scene, granted, rendered, past, doubts)
        shown = render.shown(rendered.sets)
        decision = NameDecision(granted.name, granted.zone.name, wish, render.types(shown), shown, granted.ttl)
        filled.append(
            Filled(decision, granted, fail_open if shown else None, rendered.left_out, history, _degraded(scene, granted))
        )
    return tuple(filled)


def frozen(scene: Scene, why: str) -> tuple[NameDecision, ...]:
    """Every claimed or published name left as it is."""
    published = dict(scene.world.memory.published)
    granted = {one.name: one for one in scene.claims.granted}
    found = []
    for name in sorted(published.keys() | granted.keys()):
        intent = Untouched(scene.ground.host.ref, name, why)
        shown = published.get(name, ())
        zone, ttl = _place(scene, name, granted.get(name))
        found.append(NameDecision(name, zone, intent, render.types(shown), shown, ttl))
    return tuple(found)


def _place(scene: Scene, name: DnsName, granted: Granted | None) -> tuple[str, int]:
    if granted is not None:
        return granted.zone.name, granted.ttl
    zone = admission.match(name, scene.world.zones)
    if isinstance(zone, Refusal):
        return "", 0
    asked = scene.ground.host.ttl
    return zone.name, admission.clamp(zone.ttl.default if asked is None else asked, zone.ttl)


def _rendered(scene: Scene, granted: Granted, before: Sequence[str]) -> tuple[Rendered, WhenNoneHealthy | None]:
    serving, zone = scene.serving, granted.zone
    measure = Measure(scene.known, scene.ground.host.max_targets, len(scene.ground.zones) == 1)
    branches = serving.within(zone)
    rendered = render.records(granted, branches, measure, solo=serving.solo) if branches else NOTHING
    if rendered.sets or not before or not serving.is_waiting:
        return rendered, None
    if serving.spare:
        spare = render.records(granted, [serving.to_everybody(serving.spare, zone)], measure, solo=serving.solo)
        if spare.sets:
            return spare, serving.how
    last = routes.last_resort(scene.judged, before, scene.known, scene.ground)
    return render.records(granted, [serving.to_everybody(last, zone)], measure, solo=True), "ServeLast"


class _Past(Struct, frozen=True, gc=False):
    before: Sequence[str]
    withdrawn: Sequence[str]
    fail_open: WhenNoneHealthy | None


def _wish(scene: Scene, granted: Granted, rendered: Rendered, past: _Past, doubts: _Doubts) -> tuple[Wish, tuple[str, ...]]:
    """The wish, and the withdrawn values to repeat next time.

    A name that waits for its first healthy target asks for nothing, but does not ask to empty it either: should DNS hold
    something of ours that memory lost, it would be emptied by health alone (law 2).
    """
    host = scene.ground.host
    served = frozenset(value for records in rendered.sets for value in records.values)
    waiting = not served and scene.serving.is_waiting
    guessing = bool(doubts.aliases or rendered.missing)
    complete = not (waiting or guessing or doubts.unseen)
    history: tuple[str, ...] = ()
    withdrawn: frozenset[str] = frozenset()
    if not complete or granted.shared:
        # While a load balancer's name was never resolved, any published value might be what it stands for.
        gone = () if guessing and served else map(render.value, past.before)
        # Nor does a name fall empty because the alias that stands there is to become addresses that are not known yet (law 2).
        stays = served or doubts.aliases
        history = _newest(value for value in (*past.withdrawn, *gone) if value not in stays)
        withdrawn = frozenset(history) | (frozenset() if waiting else doubts.values - stays)
    wish = Wish(
        source=host.ref,
        name=granted.name,
        sets=rendered.sets,
        claimed_at=host.created_at,
        merge=f"GlobalHost/{host.namespace}",
        fail_open=past.fail_open is not None and bool(served),
        complete=complete,
        withdrawn=withdrawn,
        orphan=host.deletion_policy == "Orphan",
        cluster_note=_note(scene),
    )
    return wish, history


def _degraded(scene: Scene, granted: Granted) -> str:
    return policies.degraded(scene.ground.host.routing, scene.serving.everybody, takes_sets=granted.zone.takes_sets)


def _newest(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))[-WITHDRAWN_KEPT:]


def _note(scene: Scene) -> str:
    """Whose targets are served, for the ownership record."""
    return "+".join([one.verdict.cluster for one in scene.judged if one.verdict.serves])


def _doubts(scene: Scene) -> _Doubts:
    unseen = False
    aliases: set[str] = set()
    for one in scene.judged:
        reason = one.verdict.reason
        unseen = unseen or reason is Reason.NEVER_SEEN
        if reason is Reason.UNRESOLVED:
            names = (target for target in one.verdict.targets if isinstance(target, DnsName) and target not in scene.known)
            aliases.update(map(str, names))
    wanted = unseen or aliases or any(granted.shared for granted in scene.claims.granted)
    return _Doubts(unseen, frozenset(aliases), _withdrawable(scene) if wanted else frozenset())


def _withdrawable(scene: Scene) -> frozenset[str]:
    found: set[Target] = {target for one in scene.judged for target in one.reaches}
    for target in tuple(found):
        if isinstance(target, DnsName):
            found.update(scene.known.get(target, ()))
    return frozenset(map(str, found))
