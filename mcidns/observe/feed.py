"""One kind's way from the wire into a member's store; how it is listed and watched lives in watch."""

import sys
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from mcidns.kube import kinds
from mcidns.kube.kinds import Kind
from mcidns.model.references import ROUTES, RouteKind
from mcidns.observe import gateway, shapes, sources
from mcidns.observe.frames import Decoder
from mcidns.observe.shapes import Ingress, Item, Labelled, Service, Slice
from mcidns.observe.sources import Key, Ready, Source
from mcidns.observe.store import MemberStore

T = TypeVar("T", bound=Item)
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Feed(Generic[T, R]):
    """How objects of one kind are decoded, reduced and kept.

    `required`: an API that does not serve the kind is none of Kubernetes'. `held` are the keys kept now. `versions` are to be
    looked for before the kind is asked for: the first that is served is read, or `kind` itself where that is another.
    """

    kind: Kind
    required: bool
    decoder: Decoder[T]
    reduce: Callable[[T], R | None]
    put: Callable[[Key, R], None]
    drop: Callable[[Key], None]
    held: Mapping[Key, R]
    on_served: Callable[[bool], None]
    versions: tuple[Kind, ...] = ()

    def take(self, items: Iterable[T]) -> dict[Key, R]:
        """Items reduced, by key; those that matter to nobody are left out."""
        found: dict[Key, R] = {}
        for item in items:
            record = self.reduce(item)
            if record is not None:
                found[_key(item)] = record
        return found

    def set(self, item: T) -> None:
        """The object is there, as it says."""
        record = self.reduce(item)
        if record is None:
            self.drop(_key(item))
        else:
            self.put(_key(item), record)

    def remove(self, item: T) -> None:
        """The object is gone."""
        self.drop(_key(item))

    def gone(self, fresh: Mapping[Key, R], unreadable: Container[Key]) -> list[Key]:
        """What is kept and no longer listed. An object that cannot be read is not gone: it stays as it was last understood."""
        return [key for key in self.held if key not in fresh and key not in unreadable]


def feeds(store: MemberStore) -> tuple[Feed[Any, Any], ...]:
    """The kinds a member is asked for."""
    services: Feed[Service, Source] = Feed(
        kind=kinds.SERVICE,
        required=True,
        decoder=_DECODERS[kinds.SERVICE],
        reduce=sources.service,
        put=lambda key, one: store.put_source("Service", key, one),
        drop=lambda key: store.drop_source("Service", key),
        held=store.services,
        on_served=lambda _: None,
    )
    ingresses: Feed[Ingress, Source] = Feed(
        kind=kinds.INGRESS,
        required=False,
        decoder=_DECODERS[kinds.INGRESS],
        reduce=sources.ingress,
        put=lambda key, one: store.put_source("Ingress", key, one),
        drop=lambda key: store.drop_source("Ingress", key),
        held=store.ingresses,
        on_served=lambda _: None,
    )
    slices: Feed[Slice, Ready] = Feed(
        kind=kinds.ENDPOINT_SLICE,
        required=False,
        decoder=_DECODERS[kinds.ENDPOINT_SLICE],
        reduce=sources.endpoints,
        put=store.put_slice,
        drop=lambda key: store.put_slice(key, None),
        held=store.slices,
        on_served=lambda served: store.recount(counted=served),
    )
    return (services, ingresses, slices)


def gateway_feeds(store: MemberStore) -> tuple[Feed[Any, Any], ...]:
    """The kinds of the Gateway API, which a member may serve or not, in one version or another; and what they rest on."""
    kept = store.attachments
    gateways: Feed[shapes.Gateway, gateway.Gateway] = Feed(
        kind=kinds.GATEWAY,
        required=False,
        decoder=_DECODERS[kinds.GATEWAY],
        reduce=gateway.gateway,
        put=kept.put_gateway,
        drop=lambda key: kept.put_gateway(key, None),
        held=kept.gateways,
        on_served=lambda _: None,
        versions=_GATEWAYS,
    )
    namespaces: Feed[Labelled, gateway.Labels] = Feed(
        kind=kinds.NAMESPACE,
        required=False,
        decoder=_DECODERS[kinds.NAMESPACE],
        reduce=gateway.labels,
        put=kept.put_namespace,
        drop=lambda key: kept.put_namespace(key, None),
        held=kept.namespaces,
        on_served=lambda _: None,
        versions=_GATEWAYS,
    )
    return (gateways, namespaces, *(_routes(store, kind) for kind in ROUTES))


def _routes(store: MemberStore, kind: RouteKind) -> Feed[shapes.Route, gateway.Route]:
    kept = store.attachments
    versions = _ROUTES[kind]
    return Feed(
        kind=versions[0],
        required=False,
        decoder=_ROUTE_DECODER,
        reduce=gateway.route,
        put=lambda key, one: kept.put_route(kind, key, one),
        drop=lambda key: kept.put_route(kind, key, None),
        held=kept.routes[kind],
        on_served=lambda _: None,
        versions=versions,
    )


_GATEWAYS: Final = (kinds.GATEWAY, kinds.GATEWAY.of_version("v1beta1"))
_ROUTES: Final[Mapping[RouteKind, tuple[Kind, ...]]] = {
    "HTTPRoute": (kinds.HTTP_ROUTE, kinds.HTTP_ROUTE.of_version("v1beta1")),
    "GRPCRoute": (kinds.GRPC_ROUTE, kinds.GRPC_ROUTE.of_version("v1alpha2")),
    "TLSRoute": (kinds.TLS_ROUTE, kinds.TLS_ROUTE.of_version("v1alpha3"), kinds.TLS_ROUTE.of_version("v1alpha2")),
}
_ROUTE_DECODER: Final = Decoder(shapes.Route)
_DECODERS: Final[Mapping[Kind, Decoder[Any]]] = {
    kinds.SERVICE: Decoder(Service),
    kinds.INGRESS: Decoder(Ingress),
    kinds.ENDPOINT_SLICE: Decoder(Slice),
    kinds.GATEWAY: Decoder(shapes.Gateway),
    kinds.NAMESPACE: Decoder(Labelled),
}


def _key(item: Item) -> Key:
    # Namespaces recur in every object and every member; one copy serves all.
    return (sys.intern(item.metadata.namespace), item.metadata.name)
