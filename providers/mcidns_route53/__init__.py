"""The route53 provider plug-in: Amazon Route 53, hosted zones public and private; the core never imports it by name."""

from mcidns_route53.provider import Route53Provider

__all__ = ["Route53Provider"]
