"""What is kept of the last request, and when it is made anew."""

from __future__ import annotations

from appliance.worker.single_entry_cache import SingleEntryCache


def test_the_same_is_made_once_and_anew_when_it_was_forgotten() -> None:
    made: list[str] = []
    latest: SingleEntryCache[int] = SingleEntryCache()

    def ask(key: str) -> int:
        def make() -> int:
            made.append(key)
            return len(made)

        return latest.get(key, make)

    assert [ask("one"), ask("one"), ask("two"), ask("one")] == [1, 1, 2, 3]
    latest.forget()
    assert ask("one") == 4
    assert made == ["one", "two", "one", "one"]
