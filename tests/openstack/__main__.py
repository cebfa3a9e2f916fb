"""`python -m tests.openstack`: makes what the tests' Keystone starts from, so that no test has to wait for it."""

import asyncio

from tests.openstack import keystone

asyncio.run(keystone.prepare())
