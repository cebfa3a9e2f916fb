"""Budget `decide`: one pure decision for a host with 10 members; nothing is asked of anybody."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address

from bench.figures import Figure
from mcidns.decide import decide
from mcidns.model.clusters import Backend, Cluster, MemberView, Seen, SourceState
from mcidns.model.decisions import World
from mcidns.model.hosts import Host
from mcidns.model.names import DnsName
from mcidns.model.references import ClusterName, SourceRef
from mcidns.model.zones import Zone

MEMBERS = 10
ROUNDS = 25
REPEATS = 200
BUDGET_US = 200.0
NOW = 1_800_000_000.0


async def run() -> Sequence[Figure]:
    """Healthy members first, then with one unready: the memory of the last decision is part of the world, as in service."""
    host, world = _host(), _world()
    world = replace(world, memory=decide(world, host, NOW).memory)
    unwell = replace(world, members=(_member(0, ready=0), *world.members[1:]))
    cases = (("nothing new", world), ("one turned unready", unwell))
    return tuple(_figure(what, *_micros(case, host)) for what, case in cases)


def _figure(what: str, median: float, best: float) -> Figure:
    return Figure(f"decide, {MEMBERS} members, {what}", median, "µs", BUDGET_US, note=f"best of {ROUNDS} rounds: {best:.0f} µs")


def _micros(world: World, host: Host) -> tuple[float, float]:
    rounds = []  # processor time: nothing is waited for, and what else the machine does is not ours
    for _ in range(ROUNDS):
        begin = time.thread_time()
        for _ in range(REPEATS):
            decide(world, host, NOW + 1)
        rounds.append((time.thread_time() - begin) / REPEATS * 1e6)
    return statistics.median(rounds), min(rounds)


def _host() -> Host:
    return Host("shop", "shop", "u", NOW - 900, 1, SourceRef("Ingress", "shop", "shop"), (DnsName("shop.example.org."),))


def _world() -> World:
    zone = Zone("example-org", DnsName("example.org."), "bench")
    return World(members=tuple(_member(number) for number in range(MEMBERS)), zones=(zone,))


def _member(number: int, ready: int = 3) -> MemberView:
    state = SourceState(frozenset({ip_address(f"192.0.2.{number + 1}")}), (Backend("web", ready, 3),))
    return MemberView(Cluster(ClusterName(f"r{number}"), region=f"region-{number}"), Seen(state, NOW))
