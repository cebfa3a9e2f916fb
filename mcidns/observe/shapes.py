"""Member objects as decoded off the wire, with the fields we use and no others; what they mean lives in sources."""

import msgspec


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


Item = Service | Ingress | Slice
