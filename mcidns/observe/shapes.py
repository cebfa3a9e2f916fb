"""Member objects as decoded off the wire, with the fields we use and no others; what they mean lives in sources."""

import msgspec

from mcidns.kube.kinds import GATEWAY_GROUP


class Meta(msgspec.Struct, rename="camel", gc=False):
    """`metadata`, as far as it matters."""

    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    creation_timestamp: str | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class Point(msgspec.Struct, gc=False):
    """One entry of `status.loadBalancer.ingress`."""

    ip: str = ""
    hostname: str = ""


class Balancer(msgspec.Struct, gc=False):
    """`status.loadBalancer`."""

    ingress: list[Point] | None = None


class BalancerStatus(msgspec.Struct, rename="camel", gc=False):
    """`status` of a Service or an Ingress."""

    load_balancer: Balancer | None = None


class ServiceSpec(msgspec.Struct, gc=False):
    """`spec` of a Service."""

    type: str = ""


class Service(msgspec.Struct, gc=False):
    """A core/v1 Service."""

    metadata: Meta
    spec: ServiceSpec | None = None
    status: BalancerStatus | None = None


class ServiceName(msgspec.Struct, gc=False):
    """The Service a back end names."""

    name: str = ""


class IngressBackend(msgspec.Struct, gc=False):
    """A back end of an Ingress; one that is a resource has no service."""

    service: ServiceName | None = None


class IngressPath(msgspec.Struct, gc=False):
    """One path of a rule."""

    backend: IngressBackend | None = None


class IngressHttp(msgspec.Struct, gc=False):
    """`http` of a rule."""

    paths: list[IngressPath] | None = None


class IngressRule(msgspec.Struct, gc=False):
    """One rule."""

    host: str = ""
    http: IngressHttp | None = None


class IngressTls(msgspec.Struct, gc=False):
    """One TLS entry."""

    hosts: list[str] | None = None


class IngressSpec(msgspec.Struct, rename="camel", gc=False):
    """`spec` of an Ingress."""

    rules: list[IngressRule] | None = None
    tls: list[IngressTls] | None = None
    default_backend: IngressBackend | None = None


class Ingress(msgspec.Struct, gc=False):
    """A networking.k8s.io/v1 Ingress."""

    metadata: Meta
    spec: IngressSpec | None = None
    status: BalancerStatus | None = None


class EndpointConditions(msgspec.Struct, gc=False):
    """Conditions of one endpoint; an absent `ready` counts as true (API doc of EndpointSlice)."""

    ready: bool | None = None
    terminating: bool | None = None


class Endpoint(msgspec.Struct, gc=False):
    """One endpoint of a slice; its addresses are interchangeable, so the first names it (API doc)."""

    addresses: list[str] | None = None
    conditions: EndpointConditions | None = None


class Slice(msgspec.Struct, rename="camel", gc=False):
    """A discovery.k8s.io/v1 EndpointSlice."""

    metadata: Meta
    address_type: str = ""
    endpoints: list[Endpoint] | None = None


class Labelled(msgspec.Struct, gc=False):
    """A Namespace, of which only the labels matter."""

    metadata: Meta


class Condition(msgspec.Struct, gc=False):
    """A condition."""

    type: str = ""
    status: str = ""


class LabelTerm(msgspec.Struct, gc=False):
    """One of `matchExpressions`."""

    key: str = ""
    operator: str = ""
    values: list[str] | None = None


class LabelSelector(msgspec.Struct, rename="camel", gc=False):
    """A label selector."""

    match_labels: dict[str, str] | None = None
    match_expressions: list[LabelTerm] | None = None


class RouteNamespaces(msgspec.Struct, gc=False):
    """Whose routes a listener takes."""

    from_: str = msgspec.field(default="Same", name="from")
    selector: LabelSelector | None = None


class RouteGroupKind(msgspec.Struct, gc=False):
    """A kind of route that a listener takes."""

    group: str = GATEWAY_GROUP
    kind: str = ""


class AllowedRoutes(msgspec.Struct, gc=False):
    """`allowedRoutes` of a listener."""

    namespaces: RouteNamespaces | None = None
    kinds: list[RouteGroupKind] | None = None


class Listener(msgspec.Struct, rename="camel", gc=False):
    """A listener of a Gateway."""

    name: str = ""
    hostname: str = ""
    port: int = 0
    protocol: str = ""
    allowed_routes: AllowedRoutes | None = None


class GatewaySpec(msgspec.Struct, gc=False):
    """`spec` of a Gateway."""

    listeners: list[Listener] | None = None


class GatewayAddress(msgspec.Struct, gc=False):
    """One of `status.addresses`."""

    type: str = "IPAddress"
    value: str = ""


class ListenerStatus(msgspec.Struct, gc=False):
    """What became of a listener."""

    name: str = ""
    conditions: list[Condition] | None = None


class GatewayStatus(msgspec.Struct, gc=False):
    """`status` of a Gateway."""

    addresses: list[GatewayAddress] | None = None
    conditions: list[Condition] | None = None
    listeners: list[ListenerStatus] | None = None


class Gateway(msgspec.Struct, gc=False):
    """A gateway.networking.k8s.io Gateway."""

    metadata: Meta
    spec: GatewaySpec | None = None
    status: GatewayStatus | None = None


class ParentRef(msgspec.Struct, rename="camel", gc=False, frozen=True):
    """What a route attaches to."""

    name: str = ""
    namespace: str = ""
    group: str = GATEWAY_GROUP
    kind: str = "Gateway"
    section_name: str = ""
    port: int = 0


class BackendRef(msgspec.Struct, gc=False):
    """What a route sends its traffic to."""

    name: str = ""
    namespace: str = ""
    group: str = ""
    kind: str = "Service"
    weight: int = 1


class RouteRule(msgspec.Struct, rename="camel", gc=False):
    """One rule of a route."""

    backend_refs: list[BackendRef] | None = None


class RouteSpec(msgspec.Struct, rename="camel", gc=False):
    """`spec` of a route."""

    parent_refs: list[ParentRef] | None = None
    hostnames: list[str] | None = None
    rules: list[RouteRule] | None = None


class ParentStatus(msgspec.Struct, rename="camel", gc=False):
    """What a parent made of a route."""

    parent_ref: ParentRef
    conditions: list[Condition] | None = None


class RouteStatus(msgspec.Struct, gc=False):
    """`status` of a route."""

    parents: list[ParentStatus] | None = None


class Route(msgspec.Struct, gc=False):
    """A gateway.networking.k8s.io HTTPRoute, GRPCRoute or TLSRoute; what we need of them is alike."""

    metadata: Meta
    spec: RouteSpec | None = None
    status: RouteStatus | None = None


Item = Service | Ingress | Slice | Labelled | Gateway | Route
