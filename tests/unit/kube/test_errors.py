"""What an answer or a failure means, as one of a closed tree."""

import json
import socket
import ssl

import aiohttp
import pytest

from mcidns.errors import ConfigError
from mcidns.kube import errors
from mcidns.kube.errors import (
    AlreadyExists,
    ApiError,
    Cause,
    Conflict,
    Failing,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    ServerError,
    TooManyRequests,
    Unauthorized,
    Unreachable,
)
from mcidns.model.clusters import LostReason


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        pytest.param(400, "BadRequest", Invalid, id="400"),
        pytest.param(401, "Unauthorized", Unauthorized, id="401"),
        pytest.param(403, "Forbidden", Forbidden, id="403"),
        pytest.param(404, "NotFound", NotFound, id="404"),
        pytest.param(409, "Conflict", Conflict, id="409"),
        pytest.param(409, "AlreadyExists", AlreadyExists, id="409 on create"),
        pytest.param(410, "Expired", Gone, id="410"),
        pytest.param(415, "UnsupportedMediaType", Invalid, id="415"),
        pytest.param(422, "Invalid", Invalid, id="422"),
        pytest.param(429, "TooManyRequests", TooManyRequests, id="429"),
        pytest.param(500, "InternalError", ServerError, id="500"),
        pytest.param(504, "Timeout", ServerError, id="504"),
        pytest.param(302, "", ServerError, id="a redirect"),
    ],
)
def test_each_status_has_its_class(status: int, reason: str, kind: type[ApiError]) -> None:
    error = errors.from_answer("GET /x", status, json.dumps({"kind": "Status", "reason": reason, "message": "why"}).encode())
    assert (type(error), error.status, error.reason, error.message) == (kind, status, reason, "why")
    assert str(error) == f"GET /x: {status} {reason}".rstrip() + ": why"


def test_causes_are_kept() -> None:
    causes = [{"reason": "FieldValueInvalid", "field": "spec.rules[0].host", "message": "bad"}, "nonsense"]
    error = errors.from_answer("POST /x", 422, json.dumps({"details": {"causes": causes}}).encode())
    assert error.causes == (Cause("FieldValueInvalid", "spec.rules[0].host", "bad"),)


@pytest.mark.parametrize(
    ("header", "details", "expected"),
    [
        pytest.param("7", {}, 7.0, id="by header"),
        pytest.param(None, {"retryAfterSeconds": 3}, 3.0, id="by details"),
        pytest.param("7", {"retryAfterSeconds": 3}, 7.0, id="the header wins"),
        pytest.param(None, {}, None, id="none"),
        pytest.param("Wed, 21 Oct 2026 07:28:00 GMT", {}, None, id="a date"),
        pytest.param("-5", {}, 0.0, id="negative"),
        pytest.param("99999999", {}, 3600.0, id="absurd"),
        pytest.param("nan", {}, None, id="no number"),
    ],
)
def test_when_to_ask_again(header: str | None, details: dict[str, int], expected: float | None) -> None:
    error = errors.from_answer("GET /x", 429, json.dumps({"details": details}).encode(), header)
    assert error.retry_after == expected


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(b"<html>Bad gateway</html>", "<html>Bad gateway</html>", id="a web page"),
        pytest.param(b"", "", id="nothing"),
        pytest.param(b"[1]", "", id="an array"),
        pytest.param(b"\xff\xfe", "\ufffd\ufffd", id="bytes"),
        pytest.param(b"[" * 5000, "[" * 200, id="nested without end"),
        pytest.param(b'{"message": 5, "details": [], "reason": {}}', "", id="wrong types"),
    ],
)
def test_a_body_that_is_no_status_is_no_second_error(body: bytes, message: str) -> None:
    error = errors.from_answer("GET /x", 502, body)
    assert (type(error), error.message) == (ServerError, message)


def test_a_long_message_is_cut() -> None:
    assert len(errors.from_answer("GET /x", 500, json.dumps({"message": "x" * 9999}).encode()).message) == errors.LONGEST_MESSAGE


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        pytest.param({"code": 410, "reason": "Expired"}, Gone, id="410"),
        pytest.param({"code": "410"}, ServerError, id="a code that is text"),
        pytest.param({}, ServerError, id="no code"),
    ],
)
def test_an_error_event_carries_its_own_code(status: dict[str, object], kind: type[ApiError]) -> None:
    assert type(errors.from_status("watch", status)) is kind


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        pytest.param(TimeoutError(), Failing.TIMEOUT, id="time-out"),
        pytest.param(aiohttp.SocketTimeoutError(), Failing.TIMEOUT, id="silence"),
        pytest.param(ConnectionRefusedError(), Failing.REFUSED, id="refused"),
        pytest.param(ConnectionResetError(), Failing.CUT, id="reset"),
        pytest.param(aiohttp.ServerDisconnectedError(), Failing.CUT, id="disconnected"),
        pytest.param(aiohttp.ClientPayloadError(), Failing.CUT, id="half an answer"),
        pytest.param(ssl.SSLError(), Failing.TLS, id="TLS"),
        pytest.param(socket.gaierror(), Failing.DNS, id="name"),
    ],
)
def test_each_failure_on_the_way_has_its_kind(failure: Exception, kind: Failing) -> None:
    error = errors.from_failure("GET /x", failure, 5.0)
    assert error.kind is kind
    assert str(error).startswith("GET /x: ")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        pytest.param(Unreachable("x", Failing.TIMEOUT, ""), LostReason.TIMEOUT, id="time-out"),
        pytest.param(Unreachable("x", Failing.REFUSED, ""), LostReason.REFUSED, id="refused"),
        pytest.param(Unreachable("x", Failing.TLS, ""), LostReason.TLS, id="TLS"),
        pytest.param(Unreachable("x", Failing.DNS, ""), LostReason.UNREACHABLE, id="name"),
        pytest.param(Unreachable("x", Failing.CUT, ""), LostReason.UNREACHABLE, id="cut"),
        pytest.param(Unauthorized("x", 401), LostReason.UNAUTHORIZED, id="401"),
        pytest.param(Forbidden("x", 403), LostReason.FORBIDDEN, id="403"),
        pytest.param(TooManyRequests("x", 429), LostReason.SERVER_ERROR, id="429"),
        pytest.param(ServerError("x", 500), LostReason.SERVER_ERROR, id="500"),
        pytest.param(ConfigError("a", "b", "c"), LostReason.BAD_ACCESS, id="configuration"),
    ],
)
def test_why_a_member_is_lost(error: Exception, reason: LostReason) -> None:
    assert errors.lost_reason(error) is reason
