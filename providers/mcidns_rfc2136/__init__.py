"""The rfc2136 provider plug-in: dynamic updates to BIND, Knot, PowerDNS and others; the core never imports it by name."""

from mcidns_rfc2136.provider import Rfc2136Provider

__all__ = ["Rfc2136Provider"]
