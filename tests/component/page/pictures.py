"""A scene as an operator might meet it, for the pictures of docs/page.md; no test lives here."""

from mcidns.testing.build import NOW
from mcidns.web import Health
from tests.component.page import boards
from tests.component.page.boards import Scene

REGIONS = {"catania": "eu-south", "napoli": "eu-south", "palermo": "eu-west"}
_SILENT = "GET /version: no answer within 5 s"
_KEPT = f"3 of 3 endpoints ready; its API does not answer ({_SILENT}); its last known addresses stay"


def region_lost() -> Scene:
    """Eleven hosts, one region that does not answer, one back end without ready Pods, one plan that waits for a person."""
    now = [NOW - 400_000.0]
    told = boards.scene(lambda: now[0])
    told.health = Health(role="leader")
    for name, namespace, days in (
        ("files", "campus", 41), ("library", "campus", 41), ("lms", "campus", 12), ("mail", "campus", 88),
        ("api", "shop", 3), ("cart", "shop", 3), ("checkout", "shop", 3), ("search", "shop", 19), ("www", "shop", 160),
    ):  # fmt: skip
        was = told.decide(name, namespace=namespace, ago=days * 86400.0)
        if name in ("mail", "www", "lms"):
            told.decide(name, namespace=namespace, ago=95.0, memory=was.memory, stale="palermo")
        elif name == "api":
            told.decide(name, namespace=namespace, ago=412.0, memory=was.memory, out="napoli")
    told.decide("beta", ago=7.0, programmed=False)
    for name, region in REGIONS.items():
        told.board.member(boards.member(name, last_seen=NOW - 86400 * 9.2), region)
    silent = boards.member("palermo", reachable=False, reason="Timeout", message=_SILENT, last_seen=NOW - 98.0)
    told.board.member(silent, REGIONS["palermo"])
    told.board.zone(boards.zone("example-org"), "example.org")
    waits = boards.held("vpn.lab.example.org", "wiki.lab.example.org", owned=5)
    told.board.zone(boards.zone("lab", held=waits, owned=5, foreign=31, names=41, writes=9, serial=771), "lab.example.org")
    _changes(told, now)
    now[0] = NOW
    return told


def _changes(told: Scene, now: list[float]) -> None:
    for ago, name, reason, note, warning, kind, namespace in (
        (86400 * 0.4, "search", "Restored", "catania: 4 of 4 endpoints ready", False, "GlobalHost", "shop"),
        (5210, "lab", "PlanHeld", "2 of 5 names would be emptied, more than 30 %: vpn.lab.example.org, wiki.lab.example.org", True,
         "DNSZone", ""),
        (412, "api", "Withdrawn", "napoli: 0 of 3 endpoints ready", True, "GlobalHost", "shop"),
        (98, "palermo", "Timeout", _SILENT, True, "MemberCluster", ""),
        (61, "checkout", "Restored", "napoli: 3 of 3 endpoints ready", False, "GlobalHost", "shop"),
        (83, "checkout", "Withdrawn", "napoli: 0 of 3 endpoints ready", True, "GlobalHost", "shop"),
        (7, "beta", "Added", "catania: 3 of 3 endpoints ready", False, "GlobalHost", "shop"),
    ):  # fmt: skip
        now[0] = NOW - ago
        told.notice(name, reason, note, warning=warning, kind=kind, namespace=namespace)
