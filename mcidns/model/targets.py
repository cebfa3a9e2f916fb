"""Where clients are sent: addresses or load balancers' names, and which of them may never be published."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from mcidns.model.names import DnsName, InvalidName

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Target = IPv4Address | IPv6Address | DnsName


class InvalidTarget(ValueError):
    """The text is neither an address nor a host name."""


def parse(text: str) -> Target:
    """Read an address or a host name; an IPv4-mapped IPv6 address becomes IPv4. Raises InvalidTarget."""
    plain = text.strip()
    try:
        address = ip_address(plain)
    except ValueError:
        return _host(plain)
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            raise InvalidTarget(f"{plain!r} carries a zone index, which DNS cannot hold; write the address without '%…'")
        return address.ipv4_mapped or address
    return address


def reverse_name(address: Address) -> DnsName:
    """Where the PTR of an address stands: `1.2.0.192.in-addr.arpa.` (RFC 1035 §3.5), or 32 nibbles (RFC 3596 §2.5)."""
    return DnsName(address.reverse_pointer + ".")


def _host(text: str) -> DnsName:
    labels = text.removesuffix(".").split(".")
    if labels[-1].isdigit() or ":" in text:
        raise InvalidTarget(f"{text[:80]!r} looks like an address but is none")
    try:
        name = DnsName.parse(text)
    except InvalidName as error:
        raise InvalidTarget(f"{text[:80]!r} is neither an address nor a host name: {error}") from error
    if name.labels[-1].isdigit():  # only now, because what UTS 46 ignores may stand between digits
        raise InvalidTarget(f"{text[:80]!r} looks like an address but is none")
    return name


def objection(target: Target, allowed: Iterable[Network]) -> str | None:
    """Why this target may not be published or probed, or None; an empty `allowed` permits every public and private network.

    Loopback, link-local, multicast and unspecified addresses are refused whatever is allowed (design §3). Names pass:
    what they resolve to is judged when it is known.
    """
    if isinstance(target, DnsName):
        return None
    kinds = (
        ("a loopback address", target.is_loopback),
        ("a link-local address", target.is_link_local),
        ("a multicast address", target.is_multicast),
        ("the unspecified address", target.is_unspecified),
    )
    for kind, applies in kinds:
        if applies:
            return f"{target} is {kind}, which no client could reach"
    networks = tuple(allowed)
    if networks and not any(target in network for network in networks if network.version == target.version):
        return f"{target} is outside the zone's allowedTargets"
    return None


def order(target: Target) -> tuple[int, int, str]:
    """A total order over targets: IPv4 by number, IPv6 by number, then names."""
    if isinstance(target, DnsName):
        return (9, 0, target.text)
    return (target.version, int(target), "")
