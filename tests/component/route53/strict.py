"""moto's server made strict: its change, list and status calls are answered by `rules`, paced, and made to fail on demand."""

import contextlib
import itertools
import logging
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import flask
from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.route53.exceptions import Route53ClientError
from moto.route53.models import Route53Backend, route53_backends
from moto.route53.responses import Route53
from moto.server import ThreadedMotoServer
from moto.sts.responses import TokenResponse

from tests.component.route53.rules import Refusal, Set, StrictZone

PACED = (
    "change_resource_record_sets",
    "get_change",
    "get_hosted_zone",
    "list_hosted_zones_by_name",
    "list_resource_record_sets",
    "list_tags_for_resources",
)
Moment = str
"""`before` a request is carried out, `after` it was."""
Hook = Callable[[str, Moment], None]


def error(code: str, text: str = "") -> Route53ClientError:
    """An error as the service answers it."""
    return Route53ClientError(code, text or code)


def cut() -> None:
    """Drop the connection of the request that is being answered, and end it."""
    flask.request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise error("Cut")


@dataclass
class Strict:
    """The service. `rate`: requests per second of the account, None for no limit; `pending`: seconds until a change is INSYNC;
    `work`: seconds a zone is busy with a change, during which it refuses another one; without it, changes queue. `hook` is
    called around every request and may raise.
    """

    url: str = ""
    rate: float | None = None
    pending: float = 0.0
    work: float = 0.0
    hook: Hook | None = None
    calls: list[str] = field(default_factory=list)
    batches: list[list[dict[str, Any]]] = field(default_factory=list)
    throttled: int = 0
    zones: dict[str, StrictZone] = field(default_factory=dict)
    changes: dict[str, float] = field(default_factory=dict)
    assumed: list[dict[str, str]] = field(default_factory=list)
    _times: deque[float] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _busy: threading.Lock = field(default_factory=threading.Lock)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def empty(self) -> None:
        """As at the start, with no zone."""
        route53_backends.reset()
        self.zones.clear()
        self.calls.clear()
        self.batches.clear()
        self.assumed.clear()
        self.hook = None

    @property
    def counted(self) -> Counter[str]:
        """Requests that were carried out, by operation."""
        return Counter(self.calls)

    def gate(self, operation: str, moment: Moment) -> None:
        """The account's quota, the counter and the hook."""
        if moment == "before":
            self._pace()
            self.calls.append(operation)
        if self.hook is not None:
            self.hook(operation, moment)

    def _pace(self) -> None:
        if self.rate is None:
            return
        with self._lock:
            now = time.monotonic()
            while self._times and self._times[0] <= now - 1.0:
                self._times.popleft()
            if len(self._times) >= self.rate:
                self.throttled += 1
                raise error("Throttling", "Rate exceeded")
            self._times.append(now)

    def zone(self, backend: Route53Backend, zone_id: str) -> StrictZone:
        """The rules' view of one of moto's zones."""
        fake = backend.get_hosted_zone(zone_id)
        bare = zone_id.removeprefix("/hostedzone/")
        if bare not in self.zones:
            sets = [_as_listed(one) for one in fake.rrsets]
            self.zones[bare] = StrictZone(fake.name, sets, lambda: set(backend.health_checks))
        return self.zones[bare]

    def change(self, backend: Route53Backend, zone_id: str, changes: list[dict[str, Any]]) -> str:
        """Carry a batch out; the id of the change."""
        zone = self.zone(backend, zone_id)
        if not self._busy.acquire(blocking=not self.work):
            text = "The request was rejected because Route 53 was still processing a prior request."
            raise error("PriorRequestNotComplete", text)
        try:
            time.sleep(self.work)
            zone.change(changes)
        except Refusal as refusal:
            raise error(refusal.code, refusal.text) from refusal
        finally:
            self._busy.release()
        self.batches.append(changes)
        number = f"/change/C{next(self._numbers):013d}"
        self.changes[number] = time.monotonic() + self.pending
        return number

    def status(self, change: str) -> str:
        """PENDING or INSYNC."""
        known = self.changes.get("/change/" + change.removeprefix("/change/"))
        if known is None:
            raise error("NoSuchChange", f"Could not find resource with ID: {change}")
        return "INSYNC" if time.monotonic() >= known else "PENDING"


def _as_listed(one: Any) -> Set:
    records = [record["Value"] if isinstance(record, dict) else str(record) for record in one.records or ()]
    return {"Name": one.name, "Type": one.type, "TTL": int(one.ttl), "ResourceRecords": [{"Value": value} for value in records]}


@contextlib.contextmanager
def serving(**options: Any) -> Iterator[Strict]:
    """The service on a free port of 127.0.0.1, empty; `options` are Strict's fields."""
    strict = Strict(**options)
    strict.empty()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    with contextlib.ExitStack() as stack:
        for name, answer in _answers(strict).items():
            stack.enter_context(mock.patch.object(Route53, name, answer))
        stack.enter_context(mock.patch.object(TokenResponse, "assume_role", _noting_roles(strict)))
        # moto warns of codes that no model has; the service answers with such ones too (Throttling).
        stack.enter_context(mock.patch("moto.core.errors.warn"))
        server.start()
        stack.callback(server.stop)
        host, port = server.get_host_and_port()
        strict.url = f"http://{host}:{port}"
        yield strict


def _answers(strict: Strict) -> dict[str, Callable[[Route53], ActionResult]]:
    own = {
        "change_resource_record_sets": _change,
        "list_resource_record_sets": _list,
        "get_change": _status,
    }
    return {name: _gated(strict, name, own.get(name)) for name in PACED}


def _gated(strict: Strict, name: str, own: Callable[[Strict, Route53], ActionResult] | None) -> Callable[[Route53], ActionResult]:
    original: Callable[[Route53], ActionResult] = getattr(Route53, name)

    def answer(self: Route53) -> ActionResult:
        strict.gate(name, "before")
        result = own(strict, self) if own is not None else original(self)
        strict.gate(name, "after")
        return result

    return answer


def _noting_roles(strict: Strict) -> Callable[[TokenResponse], Any]:
    original: Callable[[TokenResponse], Any] = TokenResponse.assume_role

    def answer(self: TokenResponse) -> Any:
        names = ("RoleArn", "RoleSessionName", "ExternalId")
        strict.assumed.append({name: value for name in names if (value := self._get_param(name))})
        return original(self)

    return answer


def _param(request: Route53, name: str, default: Any = None) -> Any:
    found = request._get_param(name)
    return default if found is None else found


def _change(strict: Strict, request: Route53) -> ActionResult:
    number = strict.change(request.backend, _param(request, "HostedZoneId"), _param(request, "ChangeBatch.Changes", []))
    return ActionResult({"ChangeInfo": {"Id": number, "Status": "PENDING", "SubmittedAt": utcnow()}})


def _list(strict: Strict, request: Route53) -> ActionResult:
    zone = strict.zone(request.backend, _param(request, "HostedZoneId"))
    try:
        found, following = zone.page(
            _param(request, "StartRecordName"),
            _param(request, "StartRecordType"),
            _param(request, "StartRecordIdentifier"),
            int(_param(request, "MaxItems", 300)),
        )
    except Refusal as refusal:
        raise error(refusal.code, refusal.text) from refusal
    answer: dict[str, Any] = {"ResourceRecordSets": found, "IsTruncated": following is not None, "MaxItems": 300}
    if following is not None:
        answer |= {"NextRecordName": following[0], "NextRecordType": following[1]}
        if following[2]:
            answer["NextRecordIdentifier"] = following[2]
    return ActionResult(answer)


def _status(strict: Strict, request: Route53) -> ActionResult:
    change = str(_param(request, "Id"))
    return ActionResult({"ChangeInfo": {"Id": change, "Status": strict.status(change), "SubmittedAt": utcnow()}})
