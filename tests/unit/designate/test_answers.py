"""Every answer that is no success becomes the error of the right kind, in words that say what to do."""

import datetime as dt
import json
from email.utils import format_datetime

import pytest

from mcidns.errors import Denied, Throttled, Transient
from mcidns_designate import answers, shapes
from mcidns_designate.answers import Refused


def failure(status: int, body: object = None, writes: bool = False, **headers: str) -> Exception:
    """The error for an answer to a question for `www A`."""
    raw = json.dumps(body).encode() if body is not None else b"<html>proxy</html>"
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return answers.failure(status, raw, named, writes=writes, what="www A")


@pytest.mark.parametrize(
    ("status", "type_"),
    [
        pytest.param(400, "invalid_object", id="a bad record"),
        pytest.param(404, "recordset_not_found", id="a record that is gone"),
        pytest.param(409, "duplicate_recordset", id="a record that is there"),
        pytest.param(413, "over_quota", id="a quota"),
    ],
)
def test_what_designate_refuses_for_a_reason_is_handed_to_who_asked(status, type_):
    error = failure(status, {"code": status, "type": type_, "message": "because."})
    assert isinstance(error, Refused)
    assert (error.status, error.type, error.words) == (status, type_, "because")


def test_faults_of_an_object_are_told_one_by_one():
    body = {
        "code": 400,
        "type": "invalid_object",
        "errors": {"errors": [{"path": ["ttl"], "message": "too big"}, {"message": "x"}]},
    }
    assert str(failure(400, body)) == "400 invalid_object: too big; x"


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        pytest.param(401, Denied, "correct the credentials", id="login refused"),
        pytest.param(403, Denied, "give the user the role", id="forbidden"),
        pytest.param(302, Denied, "redirected", id="redirected"),
        pytest.param(404, Denied, "no Designate", id="not found by a server that is no Designate"),
        pytest.param(418, Denied, "no Designate", id="something odd"),
        pytest.param(500, Transient, "answers 500", id="a fault of the server"),
        pytest.param(502, Transient, "answers 502", id="a proxy without a server"),
        pytest.param(503, Transient, "answers 503", id="not available, nobody says for how long"),
        pytest.param(504, Transient, "answers 504", id="a time-out inside"),
    ],
)
def test_other_answers_say_whose_fault_it_is(status, kind, words):
    error = failure(status)
    assert type(error) is kind
    assert words in str(error)
    assert "www A" in str(error)


def test_a_write_that_a_server_failed_at_may_have_been_carried_out():
    write, read = failure(504, writes=True), failure(504, writes=False)
    assert isinstance(write, Transient)
    assert isinstance(read, Transient)
    assert (write.unsure, read.unsure) == (True, False)


@pytest.mark.parametrize(
    ("status", "header", "wait"),
    [
        pytest.param(429, "7", 7.0, id="seconds"),
        pytest.param(503, "2", 2.0, id="seconds of a service that is not available"),
        pytest.param(429, None, answers.DEFAULT_WAIT, id="nothing said"),
        pytest.param(429, "soon", answers.DEFAULT_WAIT, id="nonsense"),
        pytest.param(429, "nan", answers.DEFAULT_WAIT, id="no number"),
        pytest.param(429, "-3", 0.0, id="the past"),
        pytest.param(429, "1e9", answers.LONGEST_WAIT, id="never"),
    ],
)
def test_a_request_to_slow_down_says_for_how_long(status, header, wait):
    error = failure(status, **({"Retry_After": header} if header else {}))
    assert isinstance(error, Throttled)
    assert error.retry_after == wait


def test_a_request_to_slow_down_may_give_a_date():
    error = failure(429, Retry_After=format_datetime(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=60), usegmt=True))
    assert isinstance(error, Throttled)
    assert 50 < error.retry_after <= 60


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<html>", id="a page"),
        pytest.param(b'{"recordsets": [{"id": "x"', id="half an answer"),
        pytest.param(b'{"zones": []}', id="another object"),
        pytest.param(b"\xff", id="bytes"),
    ],
)
def test_an_answer_that_is_not_what_was_asked_for_is_never_taken_for_an_empty_one(body):
    with pytest.raises(Transient, match="is not what Designate says"):
        shapes.decode(body, shapes.Recordsets, "the zone")


def test_times_of_the_api_are_utc():
    body = b'{"id": "a", "name": "b.", "type": "A", "updated_at": "2026-11-25T13:30:13.000000"}'
    assert shapes.seconds(shapes.decode(body, shapes.Recordset, "x").updated_at) == 1795613413
    assert shapes.seconds(None) == 0
