"""People as users of the system: JSON records that systemd's NSS module reads.

pam_u2f asks for the user by name (getpwnam). ``/etc`` of the image is read-only, so people are in
no passwd(5). nss-systemd(8) reads records from ``/run/userdb``, which leads to the site's folder:
``NAME.user``, and ``UID.user`` as a link to it. A record has no password and no shell.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Final

from appliance.provisioning.refusal import RefusedError

FOLDER: Final = "userdb"
GROUP: Final = "appliance-people"

USER_IDS: Final = range(60600, 61112)
"""Between systemd's ranges for its own users and those for containers (systemd's UIDS-GIDS)."""


def user_ids(names: Iterable[str], present: Mapping[str, int]) -> dict[str, int]:
    """A user id for each of ``names``: the ``present`` one, or a free one.

    Raises ``RefusedError`` if there are more people than ids.
    """
    wanted = sorted({*names})
    kept = {name: present[name] for name in wanted if present.get(name) in USER_IDS}
    # Ids of people who left come last, so that none is soon somebody else's.
    used = {*kept.values()}
    left = {*present.values()} - used
    free = [uid for uid in USER_IDS if uid not in used and uid not in left]
    free += sorted(left & {*USER_IDS})
    new = [name for name in wanted if name not in kept]
    if len(new) > len(free):
        raise RefusedError("There are more people than user ids.", "Name fewer people.", "people")
    return kept | dict(zip(new, free, strict=False))


def records(ids: Mapping[str, int]) -> dict[str, bytes]:
    """The files of the folder, by their names."""
    group = {"groupName": GROUP, "gid": USER_IDS.start, "disposition": "regular"}
    return {
        f"{GROUP}.group": _encoded(group),
        **{
            f"{name}.user": _encoded(
                {
                    "userName": name,
                    "uid": uid,
                    "gid": USER_IDS.start,
                    "homeDirectory": "/",
                    "shell": "/usr/sbin/nologin",
                    "disposition": "regular",
                }
            )
            for name, uid in ids.items()
        },
    }


def links(ids: Mapping[str, int]) -> dict[str, str]:
    """The symbolic links of the folder, by their names: from ids to records."""
    return {
        f"{USER_IDS.start}.group": f"{GROUP}.group",
        **{f"{uid}.user": f"{name}.user" for name, uid in ids.items()},
    }


def _encoded(record: Mapping[str, object]) -> bytes:
    return json.dumps(record, sort_keys=True).encode() + b"\n"
