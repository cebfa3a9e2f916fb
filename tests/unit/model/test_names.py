"""Names in one spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcidns.model.names import DnsName, InvalidName

LABEL = "a" * 63


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param("www.example.org", "www.example.org.", id="the final dot is added"),
        pytest.param("www.example.org.", "www.example.org.", id="and kept"),
        pytest.param("  WWW.Example.ORG ", "www.example.org.", id="case and space do not matter"),
        pytest.param("*.apps.example.org", "*.apps.example.org.", id="a wildcard"),
        pytest.param("_acme-challenge.example.org", "_acme-challenge.example.org.", id="an underscore"),
        pytest.param("Bücher.example", "xn--bcher-kva.example.", id="an international name"),
        pytest.param("*.bücher.example", "*.xn--bcher-kva.example.", id="a wildcard of one"),
        pytest.param("例え。テスト", "xn--r8jz45g.xn--zckzah.", id="an ideographic dot"),
        pytest.param("1.2.0.192.in-addr.arpa", "1.2.0.192.in-addr.arpa.", id="digits"),
        pytest.param(f"{LABEL}.org", f"{LABEL}.org.", id="a label of 63 characters"),
    ],
)
def test_a_name_has_one_spelling(text: str, name: str) -> None:
    assert DnsName.parse(text) == DnsName(name)
    assert DnsName.parse(name) == DnsName(name)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("", "an empty name", id="nothing"),
        pytest.param(".", "an empty name", id="the root, which nobody publishes"),
        pytest.param("a..b", "an empty label", id="a doubled dot"),
        pytest.param(".example.org", "an empty label", id="a leading dot"),
        pytest.param("www.*.org", "labels hold letters", id="a wildcard in the middle"),
        pytest.param("a b.org", "labels hold letters", id="a space"),
        pytest.param("-a.org", "'-' at either end", id="a leading hyphen"),
        pytest.param("a-.org", "'-' at either end", id="a trailing hyphen"),
        pytest.param(f"{LABEL}a.org", "a label has at most 63", id="a label of 64 characters"),
        pytest.param(".".join([LABEL] * 5), "a name has at most 253", id="a name of more than 253"),
        pytest.param("a" * 300, "a label of 300 characters", id="300 characters without a dot"),
        pytest.param("bücher..example", "not a valid international name", id="an international name with an empty label"),
        pytest.param("a\u2028.exämple", "not a valid international name", id="a line separator"),
    ],
)
def test_what_is_no_name_is_refused_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(InvalidName) as error:
        DnsName.parse(text)

    assert words in str(error.value)
    assert len(str(error.value)) < 250


@pytest.mark.parametrize(
    ("name", "zone", "inside"),
    [
        pytest.param("example.org.", "example.org.", True, id="the apex"),
        pytest.param("a.b.example.org.", "example.org.", True, id="below it"),
        pytest.param("*.example.org.", "example.org.", True, id="the wildcard below it"),
        pytest.param("fooexample.org.", "example.org.", False, id="not half a label"),
        pytest.param("org.", "example.org.", False, id="not its parent"),
        pytest.param("example.org.", ".", True, id="everything is in the root"),
        pytest.param(".", ".", True, id="even the root"),
    ],
)
def test_inside_goes_by_whole_labels(name: str, zone: str, inside: bool) -> None:
    assert DnsName(name).inside(DnsName(zone)) is inside


def test_a_name_can_be_taken_apart() -> None:
    name = DnsName("*.apps.example.org.")

    assert name.labels == ("*", "apps", "example", "org")
    assert name.relative == "*.apps.example.org"
    assert name.parent == DnsName("apps.example.org.")
    assert name.is_wildcard
    assert str(name) == "*.apps.example.org."


def test_the_root_has_no_labels_and_is_its_own_parent() -> None:
    assert DnsName(".").labels == ()
    assert DnsName("org.").parent == DnsName(".")
    assert DnsName(".").parent == DnsName(".")
    assert not DnsName(".").is_wildcard


@given(st.text(max_size=60))
def test_any_text_is_refused_or_has_a_spelling_that_stays(text: str) -> None:
    try:
        name = DnsName.parse(text)
    except InvalidName:
        return
    assert DnsName.parse(name.text) == name
    assert name.text.isascii()
    assert name.text.endswith(".")
