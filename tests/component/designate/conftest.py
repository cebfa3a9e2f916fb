"""The servers, started once per test run."""

from tests.openstack.fixtures import designate, keystone

__all__ = ["designate", "keystone"]
