"""After a boot that went well: the running image gets its tries back, and becomes the newest.

No image is ever marked as good for ever: one that breaks later runs out of tries too, and the other
slot starts. The number in the TPM rises only here, so that until a new image has booted well, the
old one may be updated to something else.
"""

from __future__ import annotations

from appliance.updating.boot_files import BootFiles
from appliance.updating.install import Newest, OpenDisk
from appliance.updating.running import Locations, Running, find_place


def confirm_boot(at: Locations, number: Newest, open_disk: OpenDisk) -> bool:
    """Confirm the running image; False if its tries were all there, and nothing was written.

    Raises ``InputError`` if this machine runs no image of the appliance, ``RefusedUpdateError`` if
    its disk or boot partition cannot be used, ``TpmError``, and ``OSError`` if the disk fails.
    """
    running = Running.read(at)
    place = find_place(at, running)
    with open_disk(place) as disk:
        changed = BootFiles(place.boot.region(disk), running).confirm()
    number.raise_to(running.number)
    return changed
