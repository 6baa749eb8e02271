"""A cache of the last values."""

from __future__ import annotations

from collections.abc import Callable

from appliance.worker.recent_cache import RecentCache


def asked(cache: RecentCache[int]) -> tuple[Callable[[str], int], list[str]]:
    """Asks ``cache`` for a key; and the keys whose values were made."""
    made: list[str] = []

    def get(key: str) -> int:
        def make() -> int:
            made.append(key)
            return len(made)

        return cache.get(key, make)

    return get, made


def test_a_repeated_key_is_computed_once_until_the_cache_is_cleared() -> None:
    cache: RecentCache[int] = RecentCache()
    get, made = asked(cache)
    assert [get("one"), get("one"), get("two"), get("one")] == [1, 1, 2, 3]
    cache.clear()
    assert get("one") == 4
    assert made == ["one", "two", "one", "one"]


def test_the_key_that_was_asked_for_longest_ago_goes_first() -> None:
    get, made = asked(RecentCache(2))
    assert [get(key) for key in ("one", "two", "one", "three", "one")] == [1, 2, 1, 3, 1]
    assert get("two") == 4
    assert made == ["one", "two", "three", "two"]


def test_what_was_being_made_when_the_cache_was_cleared_is_not_kept() -> None:
    cache: RecentCache[int] = RecentCache()

    def make() -> int:
        cache.clear()
        return 1

    assert cache.get("one", make) == 1
    assert cache.get("one", lambda: 2) == 2
