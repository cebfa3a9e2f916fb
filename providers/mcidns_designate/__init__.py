"""The designate provider plug-in: OpenStack's DNS service over its API v2; the core never imports it by name."""

from mcidns_designate.provider import DesignateProvider

__all__ = ["DesignateProvider"]
