"""The licences that a copyright file of Debian states, by SPDX's names where there is one."""

from __future__ import annotations

import re
from collections.abc import Iterator

_FORMAT = re.compile(r"\AFormat(?:-Specification)?:", re.IGNORECASE)
_LICENCE = re.compile(r"^License:[ \t]*(\S.*)$", re.MULTILINE | re.IGNORECASE)
_COMMON = re.compile(r"/usr/share/common-licenses/([A-Za-z]+(?:-[0-9.]*[0-9])?)")
_GNU = re.compile(r"(A?GPL|LGPL|GFDL)-?v?([123])(?:\.([0-9]))?(?:\.0)?(\+|-or-later|-only)?")

# Names of the copyright format and of older files. Only what means the same.
_SPDX = {
    "0bsd": "0BSD",
    "apache-2": "Apache-2.0",
    "apache-2.0": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "artistic": "Artistic-1.0-Perl",
    "artistic-2.0": "Artistic-2.0",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "bsd-4-clause": "BSD-4-Clause",
    "bsl-1.0": "BSL-1.0",
    "cc0-1.0": "CC0-1.0",
    "cc0": "CC0-1.0",
    "expat": "MIT",
    "isc": "ISC",
    "mit": "MIT",
    "mit license": "MIT",
    "3-clause bsd license": "BSD-3-Clause",
    "mpl-1.1": "MPL-1.1",
    "mpl-2.0": "MPL-2.0",
    "unicode-3.0": "Unicode-3.0",
    "unlicense": "Unlicense",
    "x11": "X11",
    "zlib": "Zlib",
}
MIT = "The MIT License"  # its text begins so

# What older files say instead of a name; each is looked for in the text with its spaces made one.
_WORDINGS = {
    "Permission is hereby granted, free of charge": "MIT-style",
    "Permission to use, copy, modify": "ISC-style",
    "Redistribution and use in source and binary forms": "BSD-style",
    "GNU General Public License": "GPL",
    "GNU Lesser General Public License": "LGPL",
    "public domain": "public-domain",
}


def names_licences(copyright_text: str) -> bool:
    """Whether ``copyright_text`` is in the form that names them, so that none need be guessed."""
    return _FORMAT.match(copyright_text.lstrip()) is not None


def licences(copyright_text: str) -> tuple[str, ...]:
    """The names of the licences that ``copyright_text`` states; none if it states none."""
    found = list(_found(copyright_text))
    return tuple(sorted({name for name in found if name}))


def is_expression(stated: str) -> bool:
    """Whether ``stated`` combines identifiers of SPDX, without brackets."""
    parts = re.split(r" (?:OR|AND) ", stated)
    return len(parts) > 1 and all(is_spdx(part) for part in parts)


def is_spdx(name: str) -> bool:
    """Whether ``name``, from ``licences``, is an identifier of SPDX."""
    return name in _SPDX.values() or _GNU_SPDX.fullmatch(name) is not None


_GNU_SPDX = re.compile(r"(?:A?GPL|LGPL|GFDL)-[0-9]\.[0-9]-(?:only|or-later)")


def _found(text: str) -> Iterator[str]:
    if names_licences(text):
        yield from (spdx_name(one.strip()) for one in _LICENCE.findall(text))
        return
    common = _COMMON.findall(text)
    yield from (spdx_name(one) for one in common)
    if not common:
        plain = " ".join(text.split())
        yield from (name for wording, name in _WORDINGS.items() if wording in plain)


def spdx_name(stated: str) -> str:
    """The identifier of SPDX for ``stated``, or ``stated`` if there is none."""
    gnu = _GNU.fullmatch(stated)
    if gnu:
        family, major, minor, later = gnu.groups()
        end = "or-later" if later in {"+", "-or-later"} else "only"
        return f"{family}-{major}.{minor or 0}-{end}"
    return _SPDX.get(stated.lower(), stated)
