"""The quick start on OpenStack does what it says: every block is played in order, into a real Designate by a real Keystone."""

from pathlib import Path

import pytest

from tests.component.designate import parts
from tests.docs.playing import clouds, play
from tests.docs.test_quickstarts import SCALED, gone
from tests.openstack.designate import Designate
from tests.openstack.keystone import Keystone


@pytest.mark.timeout(900)
async def test_the_quick_start_on_openstack_does_what_it_says(tmp_path: Path, designate: Designate, keystone: Keystone) -> None:
    ingress = {"north": {"ip": "203.0.113.1"}, "south": {"ip": "203.0.113.2"}}
    async with (
        parts.fresh_zone(designate.open, project=keystone.project_id) as zone,
        clouds(tmp_path, ingress, "hub", SECRET=keystone.credential_secret) as cloud,
    ):
        replaced = {
            "https://keystone.example.org:5000/v3": keystone.url,
            "21dced0fd20347869b93710d2b98aae0": keystone.credential_id,
            "apps.example.org": zone.domain.relative,
        }
        await play(cloud, "docs/quickstart-openstack.md", {**replaced, **SCALED})
        await gone(cloud, "hub")
