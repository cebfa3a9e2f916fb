"""Every rule of the examination of providers, zones and hosts, and all rules together; those of clusters stand in catalogue."""

from typing import Final

from mcidns.doctor import catalogue
from mcidns.doctor.findings import Group, Rule

PROVIDER_UNUSABLE: Final = Rule(
    "ProviderUnusable",
    "problem",
    "a DNSProvider, or the Secret it refers to, cannot be used",
    "Nothing of its zones is written.",
    "kubectl edit dnsprovider {name}    # {remedy}",
)
PROVIDER_LOGIN: Final = Rule(
    "ProviderLogin",
    "problem",
    "a DNS back end does not accept the credentials, or allows them nothing",
    "Nothing of its zones is read or written.",
    "kubectl -n {namespace} create secret generic {secret} --from-literal=KEY=VALUE --dry-run=client -o yaml | kubectl apply -f -",
)
PROVIDER_UNREACHABLE: Final = Rule(
    "ProviderUnreachable",
    "problem",
    "a DNS back end does not answer this machine",
    "If it does not answer the controller either, DNS stays as it is, whatever fails.",
    "kubectl get dnsprovider {name} -o yaml    # whether the controller reaches it; then spec.config and firewalls",
)
ZONE_UNUSABLE: Final = Rule(
    "ZoneUnusable",
    "problem",
    "a DNSZone, or what it refers to, cannot be used",
    "None of its names is written.",
    "kubectl edit dnszone {name}    # {remedy}",
)
ZONE_UNREAD: Final = Rule(
    "ZoneUnread",
    "problem",
    "a zone cannot be read from its back end",
    "What is not read is not written: none of its names follows the members.",
    "mcidns owners {name}    # until that works; {remedy}",
)
ZONE_TWICE: Final = Rule(
    "ZoneTwice",
    "problem",
    "two DNSZones with providers have one domain",
    "Which of them a name belongs to is chance, and each owner leaves the other's records alone.",
    "kubectl delete dnszone {name}    # keep one; give the other's owner as registry.formerOwners",
)
GRANT_EMPTY: Final = Rule(
    "GrantMatchesNothing",
    "warning",
    "a grant of a DNSZone matches no namespace",
    "Nobody may claim by it: a label or a name is mistyped, or the namespace is still to come.",
    "kubectl label namespace NAMESPACE {label}    # or correct spec.grants of DNSZone {name}",
)
PLAN_HELD: Final = Rule(
    "PlanHeld",
    "problem",
    "a plan of a zone waits for approval, as it would delete or empty too much",
    "The names that it concerns do not change until somebody approves or the cause is gone.",
    "kubectl annotate dnszone {name} --overwrite mcidns.io/approve-plan={digest}    # once mcidns plan --zone {name} looks right",
)
RIVAL_OWNER: Final = Rule(
    "RivalOwner",
    "problem",
    "another owner's mark stands over a name that a GlobalHost claims",
    "mcidns never touches what is another's, so the name does not follow the members.",
    "mcidns adopt {zone} {host} --owner {owner} --apply    # after the other has stopped",
)
RIVAL_UNREAD: Final = Rule(
    "RivalOwnerUnread",
    "problem",
    "another owner's mark, in ExternalDNS's usual form, which the zone's registry does not read, stands over a claimed name",
    "mcidns takes the record for nobody's; adopted as such, it would be fought over.",
    "kubectl edit dnszone {zone}    # add {{}} to spec.registry.readAlso; then mcidns adopt {zone} {host} --owner {owner} --apply",
)
UNOWNED_RECORD: Final = Rule(
    "UnownedRecord",
    "problem",
    "a record without any ownership stands at a name that a GlobalHost claims",
    "mcidns never touches what is not its own, so the name does not follow the members.",
    "mcidns adopt {zone} {host} --apply",
)
WRITE_DENIED: Final = Rule(
    "WriteDenied",
    "problem",
    "the probe record was refused",
    "The credentials read the zone and may not write it.",
    "{remedy}",
)
PROBE_LEFT: Final = Rule(
    "ProbeLeft",
    "problem",
    "the probe record was written and could not be removed",
    "It harms nothing, and it is not ours to keep.",
    "mcidns doctor --probe-write    # removes what an earlier one left at {host}; or remove that TXT by hand",
)
NOT_DELEGATED: Final = Rule(
    "NotDelegated",
    "problem",
    "the parent of a zone does not delegate it",
    "Nobody outside finds its names, however right they are. For a private zone: --no-outside.",
    "dig {domain} NS    # then have these added at its parent: {servers}",
)
DELEGATION_DIFFERS: Final = Rule(
    "DelegationDiffers",
    "warning",
    "the parent names other servers than the zone itself",
    "Some resolvers ask servers that nobody keeps, or none of the new ones.",
    "dig +trace {domain} NS    # then make both the same: {servers}",
)
LAME_SERVER: Final = Rule(
    "LameServer",
    "problem",
    "a server to which the zone is delegated does not answer for it",
    "Resolvers lose time with it, or fail; and it keeps old answers where it is a secondary without transfers.",
    "dig @{address} {domain} SOA +norecurse    # then let it serve the zone, or take it out of the delegation",
)
SERIALS_DIFFER: Final = Rule(
    "SerialsDiffer",
    "warning",
    "authoritative servers of a zone have different serials, for longer than a moment",
    "A server that lags sends clients to where the members were.",
    "dig {domain} +nssearch    # then look at NOTIFY and transfers of the one that is behind",
)
NEGATIVE_TTL: Final = Rule(
    "NegativeTTLLong",
    "warning",
    "that a name does not exist may be remembered for more than 300 s",
    "A client that asked too early does not see a new name for so long (RFC 2308).",
    "dig {domain} SOA    # set the last number of the SOA, and its TTL, to 60",
)
RECORD_TTL: Final = Rule(
    "RecordTTLLong",
    "warning",
    "a published name may be remembered for more than 300 s",
    "Clients go on to a lost region for so long after DNS has left it.",
    'kubectl -n {namespace} patch globalhost {name} --type merge -p \'{{"spec":{{"ttl":30}}}}\'',
)
ANSWERS_DIFFER: Final = Rule(
    "AnswersDiffer",
    "problem",
    "an authoritative server answers other addresses than the GlobalHost wants",
    "Clients of that server go where they should not.",
    "dig @{address} {host} {type}    # then see mcidns explain {object} and mcidns plan",
)
HOST_UNUSABLE: Final = Rule(
    "HostUnusable",
    "problem",
    "a GlobalHost cannot be read",
    "What was done for it before stays; its changes have no effect.",
    "kubectl -n {namespace} edit globalhost {name}    # {remedy}",
)
NO_ZONE: Final = Rule(
    "NoZone",
    "problem",
    "no DNSZone holds a hostname",
    "The name is never written.",
    "kubectl -n {namespace} edit globalhost {name}    # or create a DNSZone that holds it; there are: {zones}",
)
HOST_REFUSED: Final = Rule(
    "HostRefused",
    "problem",
    "a claim was refused",
    "The name is not written for this object.",
    "mcidns explain {namespace}/{name}    # {remedy}",
)
HOST_UNDECIDED: Final = Rule(
    "HostUndecided",
    "problem",
    "the controller has said nothing of an object, or of an older state of it",
    "It is not running, or has not got so far: what was asked for has no effect.",
    "kubectl -n {controller} get pods && kubectl -n {controller} logs -l app.kubernetes.io/name=mcidns --tail=50",
)
SOURCE_NOWHERE: Final = Rule(
    "SourceNowhere",
    "problem",
    "the source of a host exists in no member that takes part",
    "There is nothing to publish. Source and host share the namespace, and the name unless spec.source.name says otherwise.",
    'kubectl -n {namespace} patch {kind} {name} --type merge -p \'{{"spec":{{"source":{{"name":"{candidate}"}}}}}}\''
    "    # {candidates}",
)
RECORD_WITHOUT_SOURCE: Final = Rule(
    "RecordWithoutSource",
    "problem",
    "a ServiceDNSRecord or IngressDNSRecord of KubeFed has no Service or Ingress of its own name in any member",
    "There is nothing to publish, and KubeFed never said so: record and object share name and namespace.",
    "kubectl -n {namespace} get {kind} {name} -o yaml    # create {source} {namespace}/{name} in the members, or rename the record",
)
NO_ADDRESS: Final = Rule(
    "NoAddress",
    "warning",
    "a member has a claimed source whose load balancer shows no address",
    "That member serves nobody, or only until addressGrace is over.",
    "kubectl --context {cluster} -n {namespace} describe {source}    # look at its load balancer controller there",
)
TARGETS_UNUSABLE: Final = Rule(
    "TargetsUnusable",
    "warning",
    "addresses of a source may not be published, or are none",
    "The member that has them serves nobody for this name.",
    "mcidns explain {namespace}/{name}",
)
UNKNOWN_CLUSTER: Final = Rule(
    "UnknownCluster",
    "warning",
    "a host names a cluster or region that does not exist, or selects by labels that no cluster has",
    "That place in the order, the rules or the selection is empty: the next one takes over, or nobody.",
    "kubectl -n {namespace} edit globalhost {name}    # there are: {known}",
)
FAIL_OPEN: Final = Rule(
    "FailOpen",
    "problem",
    "no target is healthy, and unhealthy ones are served rather than none",
    "Clients probably get errors: every region is down, or the health rule asks too much.",
    "mcidns explain {namespace}/{name}",
)
QUARANTINED: Final = Rule(
    "Quarantined",
    "problem",
    "the DNS back end refuses a name's change, which is now tried only seldom",
    "The name stays as it is, while all others are written.",
    "mcidns explain {namespace}/{name}    # mend what the server says; it is tried again by itself",
)
NOT_PROGRAMMED: Final = Rule(
    "NotProgrammed",
    "warning",
    "a name does not stand in DNS as decided",
    "Clients get what was there before.",
    "mcidns explain {namespace}/{name}",
)

PROVIDERS: Final = (PROVIDER_UNUSABLE, PROVIDER_LOGIN, PROVIDER_UNREACHABLE)
ZONES: Final = (
    ZONE_UNUSABLE,
    ZONE_UNREAD,
    ZONE_TWICE,
    GRANT_EMPTY,
    PLAN_HELD,
    RIVAL_OWNER,
    RIVAL_UNREAD,
    UNOWNED_RECORD,
    WRITE_DENIED,
    PROBE_LEFT,
    NOT_DELEGATED,
    DELEGATION_DIFFERS,
    LAME_SERVER,
    SERIALS_DIFFER,
    NEGATIVE_TTL,
    RECORD_TTL,
    ANSWERS_DIFFER,
)
HOSTS: Final = (
    HOST_UNUSABLE,
    NO_ZONE,
    HOST_REFUSED,
    HOST_UNDECIDED,
    SOURCE_NOWHERE,
    RECORD_WITHOUT_SOURCE,
    NO_ADDRESS,
    TARGETS_UNUSABLE,
    UNKNOWN_CLUSTER,
    FAIL_OPEN,
    QUARANTINED,
    NOT_PROGRAMMED,
)

ALL: Final[tuple[tuple[Group, Rule], ...]] = tuple(
    (group, rule)
    for group, rules in (
        (Group.HOST, catalogue.INSTALLATION),
        (Group.MEMBER, catalogue.MEMBERS),
        (Group.PROVIDER, PROVIDERS),
        (Group.ZONE, ZONES),
        (Group.HOSTS, HOSTS),
    )
    for rule in rules
)
"""Every rule by the group it mostly shows up in."""
