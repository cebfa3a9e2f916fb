"""Who is concerned by what."""

from hypothesis import given
from hypothesis import strategies as st

from mcidns.interests import Interests


def test_who_cares_is_told_until_they_do_not_any_more() -> None:
    interests: Interests[str, str] = Interests()
    interests.set("one", frozenset({"a", "b"}))
    interests.set("two", frozenset({"b"}))
    assert set(interests.of("b")) == {"one", "two"}
    interests.set("one", frozenset({"a"}))
    assert set(interests.of("b")) == {"two"}
    interests.set("one", frozenset())
    interests.set("nobody", frozenset())
    assert set(interests.of("a")) == set()


@given(st.lists(st.tuples(st.sampled_from("xyz"), st.frozensets(st.integers(0, 5)))))
def test_only_the_latest_word_of_each_counts_and_nothing_is_left_over(words: list[tuple[str, frozenset[int]]]) -> None:
    interests: Interests[str, int] = Interests()
    for who, things in words:
        interests.set(who, things)
    latest = dict(words)
    for thing in range(6):
        assert set(interests.of(thing)) == {who for who, things in latest.items() if thing in things}
    assert interests._whose.keys() == set().union(*latest.values())
