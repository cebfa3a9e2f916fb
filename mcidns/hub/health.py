"""`spec.health` of a GlobalHost read into rules; what they decide lives in decide/."""

from typing import Final, get_args

from mcidns.hub.fields import Fields, short
from mcidns.model import targets
from mcidns.model.hosts import Damping, Readiness, ReadinessMode
from mcidns.model.names import DnsName
from mcidns.model.probes import ProbeProtocol, ProbeRule
from mcidns.model.targets import InvalidTarget

_MODES: Final[tuple[ReadinessMode, ...]] = get_args(ReadinessMode)
_PROTOCOLS: Final[tuple[ProbeProtocol, ...]] = get_args(ProbeProtocol)
_PORTS: Final[dict[ProbeProtocol, int]] = {"HTTP": 80, "HTTPS": 443}

MOST_IN_A_ROW: Final = 100
LEAST_INTERVAL: Final = 1.0
LONGEST_INTERVAL: Final = 3600.0
LEAST_TIMEOUT: Final = 0.1
LONGEST_PATH: Final = 2048
LEAST_HALF_LIFE: Final = 1.0
MOST_POINTS: Final = 1_000_000


def readiness(fields: Fields) -> Readiness:
    """`health.readiness`."""
    return Readiness(
        mode=fields.choice("mode", _MODES, "Any"),
        min_ready=fields.number("minReady", 1, 0, 100_000),
        min_ready_percent=fields.number("minReadyPercent", 0, 0, 100),
        fall=fields.number("fall", 1, 1, MOST_IN_A_ROW),
        rise=fields.number("rise", 1, 1, MOST_IN_A_ROW),
    )


def probe(health: Fields) -> ProbeRule | None:
    """`health.probe`, None where it is absent."""
    if not health.has("probe"):
        return None
    fields = health.child("probe")
    protocol = fields.choice("protocol", _PROTOCOLS, "HTTP")
    port = fields.number("port", _PORTS.get(protocol, 0), 1, 65535)
    if protocol == "TCP":
        if not fields.has("port"):
            fields.refuse("port", "is missing, and a TCP probe has no usual one", "name the port to connect to")
        for key in ("path", "host", "expectStatus"):
            if fields.has(key):
                fields.refuse(key, "has no meaning for a TCP probe", "remove it, or choose protocol HTTP or HTTPS")
    skip = fields.flag("insecureSkipVerify")
    if skip and protocol != "HTTPS":
        fields.refuse("insecureSkipVerify", f"has no meaning for a probe by {protocol}", "remove it, or choose protocol HTTPS")
    interval, timeout = _pace(fields)
    return ProbeRule(
        protocol=protocol,
        port=port,
        path=_path(fields),
        host=_host(fields),
        expect=_expect(fields),
        interval=interval,
        timeout=timeout,
        fall=fields.number("fall", 3, 1, MOST_IN_A_ROW),
        rise=fields.number("rise", 2, 1, MOST_IN_A_ROW),
        insecure_skip_verify=skip,
    )


def _pace(fields: Fields) -> tuple[float, float]:
    interval, timeout = fields.duration("interval", 10.0), fields.duration("timeout", 3.0)
    if not LEAST_INTERVAL <= interval <= LONGEST_INTERVAL:
        fields.refuse("interval", f"is {interval:g} s", "write a duration from 1s to 1h")
    elif timeout < LEAST_TIMEOUT:
        fields.refuse("timeout", f"is {timeout:g} s", "write a duration of 100ms or more")
    elif interval < timeout:
        fields.refuse("interval", f"of {interval:g} s is below the timeout of {timeout:g} s", "make it as long as the timeout")
    return interval, timeout


def is_path(path: str) -> bool:
    """Whether the text can be asked for as it stands (origin-form of RFC 9112 §3.2.1)."""
    return path.startswith("/") and path.isascii() and path.isprintable() and " " not in path and len(path) <= LONGEST_PATH


def _path(fields: Fields) -> str:
    path = fields.text("path", "/")
    if not is_path(path):
        fields.refuse("path", f"{short(path)!r} is no path", "write one such as /healthz, anything unusual percent-encoded")
    return path


def _host(fields: Fields) -> str:
    """The name to ask by; an address would turn the probe into a way to reach whatever answers to it."""
    text = fields.text("host")
    if not text:
        return ""
    try:
        found = targets.parse(text)
    except InvalidTarget:
        found = None
    if not isinstance(found, DnsName) or found.is_wildcard:
        fields.refuse("host", f"{short(text)!r} is no host name", "write a name such as www.example.org, or leave it out")
        return ""
    return found.relative


def _expect(fields: Fields) -> tuple[tuple[int, int], ...]:
    text = fields.text("expectStatus", "200-399")
    found = []
    for part in text.split(","):
        low, _, high = part.strip().partition("-")
        bounds = _code(low), _code(high or low)
        if bounds[0] is None or bounds[1] is None or bounds[0] > bounds[1]:
            fields.refuse(
                "expectStatus", f"{short(part)!r} is no range of status codes", "write such as 200-399, or 200,204,301-302"
            )
            continue
        found.append((bounds[0], bounds[1]))
    return tuple(found)


def _code(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) == 3 and 100 <= int(text) <= 599 else None


def damping(fields: Fields) -> Damping | None:
    """`health.damping`; a penalty of 0 turns it off."""
    usual = Damping()
    found = Damping(
        penalty=fields.number("penalty", usual.penalty, 0, MOST_POINTS),
        suppress_above=fields.number("suppressAbove", usual.suppress_above, 1, MOST_POINTS),
        reuse_below=fields.number("reuseBelow", usual.reuse_below, 1, MOST_POINTS),
        half_life=fields.duration("halfLife", usual.half_life),
        max_suppress=fields.duration("maxSuppress", usual.max_suppress),
    )
    if found.reuse_below >= found.suppress_above:
        fields.refuse("reuseBelow", f"of {found.reuse_below} is not below suppressAbove", f"write less than {found.suppress_above}")
    if found.half_life < LEAST_HALF_LIFE:
        fields.refuse("halfLife", f"is {found.half_life:g} s", "write a duration of 1s or more")
    if found.max_suppress < found.half_life:
        fields.refuse("maxSuppress", f"of {found.max_suppress:g} s is below halfLife", f"write {found.half_life:g}s or more")
    return found if found.penalty else None
