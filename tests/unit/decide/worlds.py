"""Random worlds and histories for the properties of deciding; few addresses and names, so that they collide often."""

from dataclasses import replace
from ipaddress import ip_address

from hypothesis import strategies as st

from mcidns.model.clusters import (
    Cluster,
    Drain,
    Lost,
    LostReason,
    MemberView,
    Observation,
    Resolution,
    Resolved,
    Seen,
    SourceState,
    Unresolved,
)
from mcidns.model.decisions import World
from mcidns.model.hosts import Damping, Host, Readiness
from mcidns.model.kubefed import Scheme
from mcidns.model.names import DnsName
from mcidns.model.probes import Probe, ProbeRule, Streak
from mcidns.model.references import ClusterName
from mcidns.model.routing import All, Failback, Failover, Geo, GeoRule, Latency, Place, Weighted
from mcidns.testing import build

History = tuple[Host, list[World], list[float]]
"""A host, and worlds in a row with their times; each world's memory is still to be filled in."""

NAMES = ("ams", "fra", "lon", "par")
ADDRESSES = ("192.0.2.1", "192.0.2.2", "198.51.100.3", "2001:db8::1", "2001:db8::2", "127.0.0.1")
BALANCERS = (DnsName("lb-a.example.net."), DnsName("lb-b.example.net."))
HOSTNAMES = (DnsName("www.example.org."), DnsName("example.org."), DnsName("*.apps.example.org."))

MOMENTS = (build.NOW - 8000.5, build.NOW - 3600.0, build.NOW - 299.75, build.NOW - 1.0, build.NOW)
BACKENDS = (
    (),
    (build.backend(1, 1),),
    (build.backend(1, 3),),
    (build.backend(0, 2),),
    (build.backend(2, 3, "a"), build.backend(0, 1, "b")),
    (build.backend(0, 0, applicable=False),),
)

RULE = ProbeRule("HTTP", 80, interval=5.0, fall=2, rise=2)
PROBED = (*ADDRESSES[:5], "192.0.2.7", "192.0.2.8", "2001:db8::8", "192.0.2.9")
DRAINS = (None, None, None, Drain(), Drain("upgrade", build.NOW + 4.0), Drain(force=True))
SCHEMES = (
    Scheme("web.shop.d.svc", DnsName("example.org.")),
    Scheme("web.shop.d.svc", DnsName("apps.example.org."), prefix="web", renamed=True),
    Scheme("web.shop.d.svc", None, "no Domain"),
)

times = st.sampled_from(MOMENTS)
streaks = st.builds(
    lambda good, count, at, detail: Streak(good, count, at - (count - 1) * RULE.interval, at, detail),
    st.booleans(),
    st.integers(1, 4),
    times,
    st.sampled_from(["", "HTTP 503"]),
)
addresses = st.sampled_from([ip_address(text) for text in ADDRESSES])
states = st.builds(
    SourceState,
    st.sampled_from(
        [
            frozenset(),
            *(frozenset({ip_address(text)}) for text in ADDRESSES),
            *(frozenset({name}) for name in BALANCERS),
            frozenset({ip_address(ADDRESSES[0]), ip_address(ADDRESSES[3])}),
            frozenset({ip_address(ADDRESSES[1]), BALANCERS[0]}),
            frozenset(BALANCERS),
        ]
    ),
    st.sampled_from(BACKENDS),
    st.sampled_from([(), HOSTNAMES[:1], HOSTNAMES[1:]]),
)
seens = st.builds(Seen, st.one_of(states, states, states, st.none()), times)
reasons = st.sampled_from([LostReason.TIMEOUT, LostReason.REFUSED, LostReason.NOT_YET_READ])
losts = st.builds(Lost, st.one_of(st.none(), seens), times, reasons)
observations: st.SearchStrategy[Observation] = st.one_of(seens, seens, losts)
resolutions: st.SearchStrategy[Resolution] = st.sampled_from(
    [
        Resolved(frozenset({ip_address("192.0.2.7")}), build.NOW + 30),
        Resolved(frozenset({ip_address("192.0.2.8"), ip_address("2001:db8::8")}), build.NOW - 30),
        Resolved(frozenset(), build.NOW + 30),
        Resolved(frozenset({ip_address("127.0.0.1")}), build.NOW + 30),
        Unresolved("NXDOMAIN"),
        Unresolved("timed out", Resolved(frozenset({ip_address("192.0.2.9")}), build.NOW - 60)),
    ]
)


REGIONS = ("", "eu", "us-east-1", "us-west-2")
orders = st.lists(st.sampled_from([*NAMES, "eu", "us-east-1", "dc"]), unique=True, min_size=1, max_size=4).map(tuple)
# No sum of the steps of a history comes near this delay, so that a second more or less brings nobody back.
failbacks = st.sampled_from([Failback(), Failback("Automatic", 1000.5), Failback("Manual")])
routings = st.one_of(
    st.just(All()),
    st.builds(Failover, orders, st.integers(1, 3), failbacks),
    st.builds(
        Weighted,
        st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from([0, 1, 255])), unique_by=lambda pair: pair[0]).map(tuple),
        st.sampled_from([None, 0, 3]),
    ),
    st.builds(
        Geo,
        st.lists(
            st.builds(GeoRule, st.sampled_from([Place("EU"), Place("", "US"), Place("", "US", "CA")]), orders),
            unique_by=lambda rule: rule.place,
            min_size=1,
        ).map(tuple),
        orders,
    ),
    st.builds(Latency, st.sampled_from([(), (("eu", "eu-south-1"),)])),
)


@st.composite
def members(draw: st.DrawFn) -> tuple[MemberView, ...]:
    """Some of the clusters, each with its word."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=4))
    return tuple(
        MemberView(
            Cluster(
                ClusterName(name),
                draw(st.sampled_from(REGIONS)),
                draw(st.sampled_from([(), ("a",), ("a", "b")])),
                weight=draw(st.sampled_from([1, 0])),
                drain=draw(st.sampled_from(DRAINS)),
            ),
            draw(observations),
        )
        for name in names
    )


@st.composite
def answers(draw: st.DrawFn) -> tuple[tuple[Probe, Streak], ...]:
    """What some of the probes said."""
    asked = draw(st.lists(st.sampled_from(PROBED), unique=True))
    return tuple((Probe(ip_address(text), HOSTNAMES[0], RULE), draw(streaks)) for text in asked)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A world without memory."""
    found = draw(members())
    return build.world(
        *found,
        resolutions=tuple((name, draw(resolutions)) for name in draw(st.lists(st.sampled_from(BALANCERS), unique=True))),
        zones=(build.zone(takes_sets=draw(st.sampled_from([True, True, False]))),),
        isolated=bool(found) and all(isinstance(view.observation, Lost) for view in found),
        heard_since=draw(times),
        probes=draw(answers()),
    )


@st.composite
def hosts(draw: st.DrawFn) -> Host:
    """A host with any of the rules that bear on a verdict or a route; now and then a ServiceDNSRecord of KubeFed's."""
    scheme = draw(st.sampled_from([None, None, *SCHEMES]))
    statics = draw(st.lists(st.builds(build.static, st.sampled_from(["dc", "ams"]), st.sampled_from(ADDRESSES)), max_size=1))
    return build.host(
        hostnames=tuple(draw(st.lists(st.sampled_from(HOSTNAMES), unique=True, max_size=3))) if scheme is None else (),
        scheme=scheme,
        static_targets=tuple(statics),
        max_targets=draw(st.sampled_from([1, 2, 8])),
        routing=draw(routings) if scheme is None else All(),
        readiness=Readiness(
            draw(st.sampled_from(["Any", "All", "Ignore"])),
            draw(st.integers(0, 2)),
            draw(st.sampled_from([0, 50])),
            *draw(st.sampled_from([(1, 1), (1, 1), (2, 3)])),
        ),
        probe=draw(st.sampled_from([None, RULE])),
        damping=draw(st.sampled_from([None, Damping(), Damping(suppress_above=500, reuse_below=250)])),
        min_healthy_clusters=draw(st.sampled_from([0, 1, 2])),
        on_unknown=draw(st.sampled_from(["Keep", "Withdraw"])),
        when_none_healthy=draw(st.sampled_from(["ServeAll", "ServeLast", "Fallback", "Withdraw"])),
        fallback=draw(st.sampled_from([(), (ip_address("203.0.113.9"),), (BALANCERS[0],)])),
    )


@st.composite
def histories(draw: st.DrawFn) -> tuple[Host, list[World], list[float]]:
    """One host, and one to four worlds in a row with growing times; each world's memory is still to be filled in."""
    host = draw(hosts())
    passing = draw(st.lists(worlds(), min_size=1, max_size=3))
    steps = draw(st.lists(st.sampled_from([0.25, 5.0, 299.75, 300.0, 3600.0]), min_size=len(passing), max_size=len(passing)))
    moments = [build.NOW + sum(steps[: index + 1]) for index in range(len(passing))]
    return host, [replace(world) for world in passing], moments
