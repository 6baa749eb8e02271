"""Bugs, reported as every process of the appliance does.

What reports them is loaded at the first frame: it takes longer to load than a screen to draw.
"""

from __future__ import annotations


def report_bug(bug: BaseException) -> None:
    """Write the kind and the place of ``bug`` to the journal; never its text."""
    from appliance.diagnostics import process_log  # noqa: PLC0415 - see the top of this file

    process_log.report_bug(bug)
