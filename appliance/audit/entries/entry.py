"""An entry of the log: an event and its stamps."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from appliance.audit.entries.events import AnyEvent
from appliance.audit.entries.fields import Count, Role


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One event with its stamps, as it is stored in the log.

    ``seq``: its index in the log; ``at``: the wall clock in milliseconds since 1970 (UTC);
    ``mono``: milliseconds since the machine started; ``boot``: the first 32 bits of the id of that
    start; ``by``: the process that logged it. ``v`` is not written while it is 1.
    """

    at: Count
    boot: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{8}\Z")]
    by: Role
    event: AnyEvent
    mono: Count
    seq: Count
    v: Literal[1] = 1
