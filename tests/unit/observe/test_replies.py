"""Answers taken apart: where an HTTP head ends however it arrives, and the words for what went wrong."""

import errno
import ssl
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcidns.observe import replies
from mcidns.observe.replies import HEAD_LIMIT, Answer, Head, NotHttp, Outcome

HEADS = st.sampled_from(
    [
        (b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n", 200),
        (b"HTTP/1.0 404\r\n\r\n", 404),
        (b"HTTP/1.1 503 \nServer: bare line feeds\n\n", 503),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 301 Moved\r\n\r\n<html>\r\n\r\n", 301),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", 101),
    ]
)


@given(HEADS, st.lists(st.integers(0, 120), max_size=12))
def test_a_head_is_read_the_same_however_it_is_cut(head: tuple[bytes, int], cuts: list[int]) -> None:
    data, status = head
    bounds = [0, *sorted(cuts), len(data)]
    reading = Head()
    found = [reading.feed(data[low:high]) for low, high in pairwise(bounds)]
    assert next(one for one in found if one is not None) == status


@given(
    st.lists(
        st.one_of(st.binary(max_size=40), st.sampled_from([b"HTTP/1.1 ", b"200 OK", b"100 ", b"\r\n", b"\n", b"X" * 1024])),
        max_size=60,
    )
)
def test_whatever_arrives_is_a_status_or_no_http_and_never_held_beyond_the_limit(pieces: list[bytes]) -> None:
    reading, status, words = Head(), None, ""
    try:
        for piece in pieces:
            status = status or reading.feed(piece)
    except NotHttp as error:
        words = str(error)
    assert words.isprintable()
    assert len(words) < 200
    assert status is None or 100 <= status <= 599
    assert status or words or len(b"".join(pieces)) <= HEAD_LIMIT


@pytest.mark.parametrize(
    ("error", "outcome", "words"),
    [
        pytest.param(OSError(errno.EHOSTUNREACH, "x"), Outcome.UNREACHABLE, "no route to host", id="no route"),
        pytest.param(OSError(errno.ENETUNREACH, "x"), Outcome.UNREACHABLE, "network is unreachable", id="no network"),
        pytest.param(OSError(errno.ECONNREFUSED, "x"), Outcome.REFUSED, "connection refused", id="refused"),
        pytest.param(OSError(errno.ECONNRESET, "x"), Outcome.CLOSED, "connection reset", id="reset"),
        pytest.param(OSError(errno.ENOTCONN, "x"), Outcome.CLOSED, "connection reset", id="reset before TLS began"),
        pytest.param(OSError("odd"), Outcome.UNREACHABLE, "unreachable", id="without a number"),
        pytest.param(ssl.SSLError(1, "odd"), Outcome.TLS, "TLS: failed", id="TLS without a reason"),
    ],
)
def test_words_for_errors(error: OSError, outcome: Outcome, words: str) -> None:
    assert replies.of_error(error) == (outcome, words)


@pytest.mark.parametrize(
    ("number", "ours"),
    [
        pytest.param(errno.EMFILE, True, id="no descriptor"),
        pytest.param(errno.ENETUNREACH, True, id="no route in this pod"),
        pytest.param(errno.EADDRNOTAVAIL, True, id="no source port or address"),
        pytest.param(errno.EPERM, True, id="a local firewall"),
        pytest.param(errno.ECONNREFUSED, False, id="refused"),
        pytest.param(errno.EHOSTUNREACH, False, id="no such host"),
    ],
)
def test_whose_fault_an_error_before_anything_was_sent_is(number: int, ours: bool) -> None:
    assert replies.is_ours(OSError(number, "x")) is ours


@pytest.mark.parametrize("outcome", list(Outcome), ids=str)
def test_only_a_pass_is_good_and_what_could_not_be_asked_is_neither(outcome: Outcome) -> None:
    expected = {Outcome.PASSED: True, Outcome.UNABLE: None}
    assert Answer(outcome, "").good is expected.get(outcome, False)
