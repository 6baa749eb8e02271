"""Jobs are counted, and a job that begins between two looks is not missed."""

from __future__ import annotations

from threading import Thread

from appliance.worker.job_count import JobCount


def test_a_job_that_began_before_anybody_waited_is_noticed() -> None:
    jobs = JobCount()
    seen = jobs.now
    assert jobs.begin() == 1  # after the look, before the wait: there is no wake-up to come
    assert jobs.other_than(seen) == 1


def test_who_waits_is_woken_by_the_next_job() -> None:
    jobs, seen = JobCount(), list[int]()
    waiting = Thread(target=lambda: seen.append(jobs.other_than(0)))
    waiting.start()
    jobs.begin()
    waiting.join()
    assert seen == [1]
