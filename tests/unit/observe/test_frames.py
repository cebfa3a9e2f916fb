"""Lists and watch frames taken apart, malformed ones too."""

import json
from typing import Any

import msgspec
import pytest

from mcidns.observe.frames import UNREADABLE, Bookmark, Decoder, Failure, Garbage, Put, Removed
from mcidns.observe.shapes import Ingress
from tests.unit.observe.objects import ingress


def listed(*items: Any, **meta: str) -> bytes:
    """A list page."""
    return json.dumps({"metadata": {"resourceVersion": "7", **meta}, "items": items}).encode()


def event(type_: str, obj: Any) -> bytes:
    """A line of a watch."""
    return json.dumps({"type": type_, "object": obj}).encode()


def test_a_page_has_its_items_its_version_and_where_it_goes_on() -> None:
    page = Decoder(Ingress).page(listed(ingress(), **{"continue": "more"}))
    assert ([item.metadata.name for item in page.items], page.version, page.skipped, page.after) == (["shop"], "7", 0, "more")


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param({"metadata": 5}, id="wrong type"),
        pytest.param({"spec": {}}, id="no metadata"),
        pytest.param({"metadata": {"name": "x"}, "spec": []}, id="wrong spec"),
        pytest.param({"metadata": {"name": "x", "annotations": {"a": 1}}}, id="annotation that is a number"),
        pytest.param(None, id="null"),
        pytest.param("text", id="text"),
    ],
)
def test_a_malformed_object_costs_only_itself(bad: Any) -> None:
    page = Decoder(Ingress).page(listed(bad, ingress(), bad))
    assert ([item.metadata.name for item in page.items], page.version, page.skipped) == (["shop"], "7", 2)
    assert isinstance(Decoder(Ingress).frame(event("MODIFIED", bad)), Garbage)


def test_an_unreadable_object_that_says_who_it_is_is_named() -> None:
    bad = [{"metadata": {"name": "a", "namespace": "shop"}, "spec": 5}, {"metadata": {"name": 1}}]
    page = Decoder(Ingress).page(listed(*bad, ingress()))
    assert (page.unreadable, page.skipped) == ((("shop", "a"),), 2)


def test_an_item_of_bytes_that_are_no_text_costs_only_itself() -> None:
    body = listed(ingress()).replace(b'"items": [', b'"items": [{"metadata": {"name": "\xff\xfe"}}, ')
    page = Decoder(Ingress).page(body)
    assert (len(page.items), page.skipped) == (1, 1)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html>sign in</html>", id="a web page"),
        pytest.param(b"[]", id="an array"),
        pytest.param(b'{"items": []}', id="no metadata"),
        pytest.param(b'{"metadata": {}, "items": 5}', id="items that are none"),
    ],
)
def test_what_is_no_list_is_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(UNREADABLE):
        Decoder(Ingress).page(body)


def test_a_list_without_items_is_empty() -> None:
    assert Decoder(Ingress).page(b'{"metadata": {"resourceVersion": "3"}, "items": null}').items == ()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(event("BOOKMARK", {"metadata": {"resourceVersion": "9"}}), Bookmark("9"), id="bookmark"),
        pytest.param(event("ERROR", {"code": 410, "reason": "Expired"}), Failure({"code": 410, "reason": "Expired"}), id="error"),
        pytest.param(event("PARTY", {}), Garbage("unknown event type 'PARTY'"), id="unknown type"),
    ],
)
def test_watch_frames_that_carry_no_object(line: bytes, expected: object) -> None:
    assert Decoder(Ingress).frame(line) == expected


def test_watch_frames_that_carry_one() -> None:
    decoder = Decoder(Ingress)
    for type_, kind in (("ADDED", Put), ("MODIFIED", Put), ("DELETED", Removed)):
        frame = decoder.frame(event(type_, ingress()))
        assert isinstance(frame, kind)
        assert isinstance(frame, Put | Removed)
        assert frame.item.metadata.name == "shop"


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"{half", id="cut off"),
        pytest.param(b"[" * 100_000, id="nested without end"),
        pytest.param(b'{"type": "ADDED"}', id="no object"),
        pytest.param(b'{"type": 5, "object": {}}', id="type that is a number"),
        pytest.param(msgspec.json.encode({"type": "ERROR", "object": "no status"}), id="error without status"),
    ],
)
def test_a_frame_that_cannot_be_read_is_told_as_such(line: bytes) -> None:
    assert isinstance(Decoder(Ingress).frame(line), Garbage)
