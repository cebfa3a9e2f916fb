"""The names of a ServiceDNSRecord by KubeFed's scheme: one for all, one per region, one per zone, and a prefix; no records."""

from collections.abc import Iterable

from msgspec import Struct, structs

from mcidns.model.clusters import Cluster
from mcidns.model.kubefed import Scheme
from mcidns.model.names import DnsName, InvalidName
from mcidns.model.references import ClusterName


class Level(Struct, frozen=True, gc=False):
    """A name and the clusters whose targets it holds, None for all. `above` are the names it falls back to, nearest first.

    `is_alias`: it points there even while it has targets.
    """

    name: DnsName
    clusters: frozenset[ClusterName] | None = None
    above: tuple[DnsName, ...] = ()
    is_alias: bool = False


class Levels(Struct, frozen=True, gc=False):
    """All levels, each after those that it falls back to, and a sentence for every name that could not be made."""

    levels: tuple[Level, ...] = ()
    mistakes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[DnsName, ...]:
        """All names, sorted."""
        return tuple(sorted(level.name for level in self.levels))


NO_LEVELS = Levels()


def of(scheme: Scheme, clusters: Iterable[Cluster]) -> Levels:
    """The levels that these members make. A member without region has part in the first name and the prefix only."""
    if scheme.domain is None:
        return NO_LEVELS
    names = _Names(scheme.stem, scheme.domain, [])
    top = names.make("metadata.name, spec.externalName or the Domain")
    if top is None:
        return Levels((), tuple(names.mistakes))
    made = {top: Level(top)}
    _add_places(made, names, top, sorted(clusters, key=lambda cluster: cluster.name))
    if scheme.prefix:
        _add_prefix(made, structs.replace(names, stem=scheme.prefix), top)
    return Levels(tuple(made.values()), tuple(dict.fromkeys(names.mistakes)))


class _Names(Struct, frozen=True, gc=False):
    stem: str
    domain: DnsName
    mistakes: list[str]

    def make(self, where: str, *labels: str) -> DnsName | None:
        """The name with these labels behind the stem; None, and a mistake told of `where`, if it is none."""
        try:
            return DnsName.parse(".".join((self.stem, *labels, self.domain.relative)))
        except InvalidName as error:
            self.mistakes.append(f"{where}: {error}")
            return None


def _add_places(made: dict[DnsName, Level], names: _Names, top: DnsName, clusters: Iterable[Cluster]) -> None:
    """All regions before all zones, since zones fall back to regions."""
    regions: dict[ClusterName, DnsName] = {}
    for cluster in clusters:
        if cluster.region:
            region = names.make(f"spec.region of MemberCluster {cluster.name}", cluster.region)
            if region is not None:
                regions[cluster.name] = region
                _add(made, Level(region, frozenset((cluster.name,)), (top,)))
    for cluster in clusters:
        if cluster.name in regions:
            for zone in cluster.zones:
                name = names.make(f"spec.zones of MemberCluster {cluster.name}", zone, cluster.region)
                if name is not None:
                    _add(made, Level(name, frozenset((cluster.name,)), (regions[cluster.name], top)))


def _add(made: dict[DnsName, Level], level: Level) -> None:
    """One more level, or more clusters for the one that bears its name (region `b.c`, zone `b` of region `c`)."""
    known = made.get(level.name)
    made[level.name] = level if known is None else structs.replace(known, clusters=_both(known.clusters, level.clusters))


def _both(one: frozenset[ClusterName] | None, other: frozenset[ClusterName] | None) -> frozenset[ClusterName] | None:
    return None if one is None or other is None else one | other


def _add_prefix(made: dict[DnsName, Level], names: _Names, top: DnsName) -> None:
    name = names.make("spec.dnsPrefix")
    if name is None:
        return
    if name in made:
        names.mistakes.append(f"spec.dnsPrefix: {name.relative} is a name that the record has anyway; choose another prefix")
        return
    made[name] = Level(name, None, (top,), is_alias=True)
