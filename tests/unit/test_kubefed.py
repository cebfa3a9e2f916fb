"""KubeFed's records and Domains on their way to whoever decides."""

from typing import Any

from mcidns.hub.unreadable import Unreadable
from mcidns.kube import kinds
from mcidns.kubefed import KubeFed
from mcidns.model.decisions import Memory
from mcidns.model.hosts import Host
from mcidns.model.names import DnsName
from mcidns.model.records import Intent
from mcidns.model.references import ObjectRef

HOME = "kube-federation-system"
WEB = ("shop", "web")
REF = ObjectRef("ServiceDNSRecord", *WEB)


class Heard:
    """Who decides and who tells, taking notes."""

    def __init__(self, *, decides: bool = True) -> None:
        self.hosts: dict[ObjectRef, Host] = {}
        self.held: dict[ObjectRef, tuple[Intent, ...]] = {}
        self.told: list[str] = []
        self.fine: list[ObjectRef] = []
        self.records = KubeFed(self, self, self.held.__setitem__, HOME, decides=decides)

    def set_host(self, host: Host, memory: Memory) -> None:
        self.hosts[host.ref] = host
        assert isinstance(memory, Memory)

    def drop_host(self, ref: ObjectRef) -> None:
        self.hosts.pop(ref, None)

    def unreadable(self, problem: Unreadable) -> None:
        self.told.append(f"{problem.ref}: {problem.message}")

    def readable(self, ref: ObjectRef) -> None:
        self.told = [told for told in self.told if not told.startswith(f"{ref}: ")]

    def domain(self, ref: ObjectRef) -> None:
        self.fine.append(ref)

    def put_domain(self, domain: str | None, namespace: str = HOME) -> None:
        meta = {"name": "europe", "namespace": namespace}
        obj = {"metadata": meta, "domain": domain} if domain is not None else None
        self.records.changed(kinds.KUBEFED_DOMAIN, (namespace, "europe"), obj)

    def put(self, **spec: Any) -> None:
        published = [{"name": "web.shop.europe.svc.example.org", "targets": ["192.0.2.1"]}]
        obj = {
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"domainRef": "europe", **spec},
            "status": {"hostnames": published},
        }
        self.records.changed(kinds.SERVICE_DNS_RECORD, WEB, obj)

    def domain_of_web(self) -> DnsName | None:
        scheme = self.hosts[REF].scheme
        assert scheme is not None
        return scheme.domain


def test_a_domain_that_comes_changes_or_goes_reaches_the_records_that_refer_to_it() -> None:
    heard = Heard()
    heard.put()
    assert heard.domain_of_web() is None
    heard.put_domain("example.org")
    assert heard.domain_of_web() == DnsName("example.org.")
    heard.put_domain("eu.example.org")
    assert heard.domain_of_web() == DnsName("eu.example.org.")
    heard.put_domain(None)
    assert heard.domain_of_web() is None


def test_a_domain_that_becomes_unreadable_leaves_the_names_as_they_are() -> None:
    heard = Heard()
    heard.put()
    heard.put_domain("example.org")
    heard.put_domain("no domain")
    assert heard.domain_of_web() == DnsName("example.org.")
    assert [told for told in heard.told if told.startswith(f"Domain {HOME}/europe: domain: ")]
    heard.put(recordTTL=30)
    assert heard.hosts[REF].ttl == 30


def test_a_domain_that_was_never_readable_freezes_what_the_records_had_published() -> None:
    heard = Heard()
    heard.put_domain("no domain")
    heard.put()
    assert REF not in heard.hosts
    assert [intent.name.relative for intent in heard.held[REF]] == ["web.shop.europe.svc.example.org"]


def test_a_domain_elsewhere_is_not_looked_at_and_told_of() -> None:
    heard = Heard()
    heard.put()
    heard.put_domain("example.org", "shop")
    heard.put_domain(None, "shop")
    assert heard.domain_of_web() is None
    assert heard.told == [
        "Domain shop/europe: metadata.namespace: is shop, where nobody looks for Domains; create it in kube-federation-system"
    ]


def test_a_record_that_becomes_unreadable_is_frozen_and_one_that_is_deleted_is_not() -> None:
    heard = Heard()
    heard.put_domain("example.org")
    heard.put()
    heard.put(recordTTL=-1)
    assert len(heard.held[REF]) == 1
    heard.records.changed(kinds.SERVICE_DNS_RECORD, WEB, None)
    assert (heard.hosts, heard.held[REF]) == ({}, ())
    heard.put_domain(None)
    assert heard.hosts == {}


def test_the_half_that_only_programs_has_no_use_for_records() -> None:
    heard = Heard(decides=False)
    heard.put_domain("example.org")
    heard.put()
    assert (heard.hosts, heard.fine) == ({}, [])
