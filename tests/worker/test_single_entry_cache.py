"""A cache of the last value."""

from __future__ import annotations

from appliance.worker.single_entry_cache import SingleEntryCache


def test_a_repeated_key_is_computed_once_until_the_cache_is_cleared() -> None:
    made: list[str] = []
    cache: SingleEntryCache[int] = SingleEntryCache()

    def get(key: str) -> int:
        def make() -> int:
            made.append(key)
            return len(made)

        return cache.get(key, make)

    assert [get("one"), get("one"), get("two"), get("one")] == [1, 1, 2, 3]
    cache.clear()
    assert get("one") == 4
    assert made == ["one", "two", "one", "one"]
