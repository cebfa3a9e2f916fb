"""Every rule on the host cluster and its members; those on DNS and on hosts stand in rules."""

from typing import Final

from mcidns.doctor.findings import Rule

HOST_UNREACHABLE: Final = Rule(
    "HostUnreachable",
    "problem",
    "the host cluster's API does not answer, or does not accept the credentials",
    "Without it mcidns learns nothing new; what DNS answers stays as it is.",
    "kubectl --kubeconfig FILE --context CONTEXT get --raw /version    # until that works; see --kubeconfig and --context",
)
CRD_MISSING: Final = Rule(
    "CRDMissing",
    "problem",
    "a CRD that mcidns needs is not installed",
    "Objects of that kind can be neither written nor read.",
    "kubectl apply --server-side --force-conflicts -f crds/{file}",
)
CRD_NOT_SERVED: Final = Rule(
    "CRDNotServed",
    "problem",
    "a CRD does not serve the version that mcidns speaks, or is not established",
    "mcidns asks for that version and gets 404.",
    "kubectl apply --server-side --force-conflicts -f crds/{file}",
)
CRD_OUTDATED: Final = Rule(
    "CRDOutdated",
    "problem",
    "the schema of a CRD lacks what this version ships; Helm never upgrades CRDs",
    "The API server drops fields that the schema does not know, without a word: settings and statuses are lost.",
    "kubectl apply --server-side --force-conflicts -f crds/{file}",
)
CRD_NEWER: Final = Rule(
    "CRDNewer",
    "warning",
    "the schema of a CRD knows fields that this version does not",
    "This mcidns is older than the CRDs: it takes no notice of those fields.",
    "mcidns version    # then upgrade mcidns to the release of the CRDs",
)
HOST_RIGHTS: Final = Rule(
    "HostRightsMissing",
    "problem",
    "an account lacks rights of docs/host-rbac.yaml",
    "mcidns cannot list, follow or write those objects, and does not start or does not tell.",
    "kubectl apply -f docs/host-rbac.yaml    # or, installed by the chart: helm upgrade; it must be bound to {account}",
)
CONTROLLER_DOWN: Final = Rule(
    "ControllerDown",
    "problem",
    "a Deployment of mcidns has no ready replica",
    "Nobody follows the members: DNS stays as it is, whatever fails.",
    "kubectl -n {namespace} describe deployment {name} && kubectl -n {namespace} logs deployment/{name} --tail=50",
)
LEADER_STALE: Final = Rule(
    "LeaderStale",
    "warning",
    "the Lease by which one controller leads has no holder, or was not renewed in time",
    "None leads: nothing is decided and nothing is written until one takes over.",
    "kubectl -n {namespace} get lease {name} -o yaml && kubectl -n {namespace} get pods",
)
CLOCK_SKEW: Final = Rule(
    "ClockSkew",
    "warning",
    "a cluster's clock differs from the others'",
    "Ages in statuses and ends of drains are judged by clocks; signed updates and tokens fail when clocks are minutes apart.",
    "timedatectl status    # on the control plane of {cluster}; let it follow NTP",
)
CLOCK_HERE: Final = Rule(
    "ClockHere",
    "warning",
    "the clock of this machine differs from those of the clusters, which agree",
    "Signed updates from here fail when clocks are five minutes apart, and ages are told wrong.",
    "timedatectl set-ntp true    # on this machine",
)
EXPIRING: Final = Rule(
    "CredentialExpiring",
    "warning",
    "a token or certificate expires within 14 days",
    "When it has expired the cluster counts as lost: its addresses stay as they are, and its failures go unseen.",
    "{remedy}",
)
EXPIRED: Final = Rule(
    "CredentialExpired",
    "problem",
    "a token or certificate has expired",
    "The cluster counts as lost: its addresses stay as they are, and its failures go unseen.",
    "{remedy}",
)
SECRET_MISPLACED: Final = Rule(
    "SecretMisplaced",
    "problem",
    "a Secret labelled mcidns.io/cluster lies outside of the controller's namespace",
    "Such Secrets are read in the controller's namespace only, so its cluster never becomes a member.",
    "kubectl -n {found} get secret {name} -o json | jq '.metadata = {{name: .metadata.name, labels: .metadata.labels, annotations:"
    " .metadata.annotations}}' | kubectl -n {namespace} apply -f - && kubectl -n {found} delete secret {name}",
)
SECRET_UNUSABLE: Final = Rule(
    "SecretUnusable",
    "problem",
    "a Secret labelled mcidns.io/cluster cannot be read as a member",
    "Its cluster does not become a member, or stays as it was before.",
    "kubectl -n {namespace} create secret generic {name} --from-file=kubeconfig=FILE --dry-run=client -o yaml | kubectl apply -f -",
)
EXTERNAL_DNS_OWNER: Final = Rule(
    "ExternalDNSSameOwner",
    "problem",
    "an ExternalDNS of the host cluster uses the owner id of a DNSZone",
    "Each takes the other's records for its own leftovers and deletes them.",
    "kubectl -n {namespace} set env deployment/{name} EXTERNAL_DNS_TXT_OWNER_ID=OTHER    # or another --txt-owner-id in its args",
)
EXTERNAL_DNS_DOMAIN: Final = Rule(
    "ExternalDNSSameDomain",
    "warning",
    "an ExternalDNS of the host cluster may write in a zone that mcidns programs",
    "A name that both want goes to whoever was first, and the other's never appears.",
    "kubectl -n {namespace} edit deployment {name}    # --exclude-domains={domain}, or sources that name other hosts",
)
NO_MEMBERS: Final = Rule(
    "NoMembers",
    "problem",
    "there are GlobalHosts, and no MemberCluster",
    "Nothing can be published but static targets.",
    "kubectl -n {namespace} create secret generic NAME --from-file=kubeconfig=FILE && kubectl -n {namespace} label secret NAME"
    " mcidns.io/cluster=NAME",
)
MEMBER_UNUSABLE: Final = Rule(
    "MemberUnusable",
    "problem",
    "a MemberCluster, or the Secret it refers to, cannot be used",
    "The member is never asked: it counts as lost, with what was last known of it.",
    "kubectl edit membercluster {name}    # or mend the Secret: {remedy}",
)
MEMBER_UNREACHABLE: Final = Rule(
    "MemberUnreachable",
    "problem",
    "a member's API does not answer this machine",
    "If it does not answer the controller either, its failures go unseen, and its addresses stay as they are.",
    "kubectl get membercluster {name} -o yaml    # whether the controller reaches it; then its address, firewall and proxy",
)
MEMBER_LOGIN: Final = Rule(
    "MemberLogin",
    "problem",
    "a member's API does not accept the credentials kept here",
    "The member counts as lost: its failures go unseen, and its addresses stay as they are.",
    "{remedy}",
)
MEMBER_SLOW: Final = Rule(
    "MemberSlow",
    "warning",
    "a member's API takes more than 2 s to answer",
    "Beyond --heartbeat-timeout (5 s by default) it counts as lost.",
    "kubectl get --raw /readyz?verbose    # in {name}; look at its control plane and the way to it",
)
MEMBER_RIGHTS: Final = Rule(
    "MemberRightsMissing",
    "problem",
    "the account kept for a member lacks rights of docs/member-rbac.yaml",
    "What it may not read there counts as unknown, so that nothing of it follows the member.",
    "kubectl --context {name} apply -f docs/member-rbac.yaml",
)
MEMBER_TWICE: Final = Rule(
    "MemberTwice",
    "warning",
    "two MemberClusters are the same cluster",
    "Where both take part one is not counted; regions and weights may be other than meant.",
    "kubectl delete membercluster {name}    # or remove the fleet object it was made of",
)
DRAIN_ENDLESS: Final = Rule(
    "DrainEndless",
    "warning",
    "a member is drained without an end, or its end has passed",
    "The member serves nobody until somebody remembers it.",
    "mcidns undrain {name}",
)
CHECK_CRASHED: Final = Rule(
    "CheckCrashed",
    "problem",
    "a check of the doctor itself failed",
    "What it looks for is not known; all other checks were made.",
    "Report it as a bug of mcidns, with the output of mcidns version",
)
CHECK_TIMED_OUT: Final = Rule(
    "CheckTimedOut",
    "problem",
    "a check had no answer in time",
    "What it looks for is not known; all other checks were made.",
    "mcidns doctor --timeout {longer}",
)

INSTALLATION: Final = (
    HOST_UNREACHABLE,
    CRD_MISSING,
    CRD_NOT_SERVED,
    CRD_OUTDATED,
    CRD_NEWER,
    HOST_RIGHTS,
    CONTROLLER_DOWN,
    LEADER_STALE,
    CLOCK_SKEW,
    CLOCK_HERE,
    EXPIRING,
    EXPIRED,
    SECRET_MISPLACED,
    SECRET_UNUSABLE,
    EXTERNAL_DNS_OWNER,
    EXTERNAL_DNS_DOMAIN,
    NO_MEMBERS,
    CHECK_CRASHED,
    CHECK_TIMED_OUT,
)
MEMBERS: Final = (
    MEMBER_UNUSABLE,
    MEMBER_UNREACHABLE,
    MEMBER_LOGIN,
    MEMBER_SLOW,
    MEMBER_RIGHTS,
    MEMBER_TWICE,
    DRAIN_ENDLESS,
)
