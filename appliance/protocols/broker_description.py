"""The interface of the broker in varlink's own language."""

from __future__ import annotations

from appliance.protocols import machine_view

NAME = "io.faceappliance.Session"

DESCRIPTION = (
    """\
# Sessions on this appliance: from the login with a token, through work in an encrypted workspace
# with a sealed worker, to the wipe.
interface io.faceappliance.Session

type Erasure (
  session: string,
  # SHA-256 of the id of the key that was dropped
  key: string,
  # canaries that were readable before the wipe, and after it
  before: int,
  after: int,
  ms: int,
  clean: bool
)

# Somebody who is registered: by the name to log in with, the roles, the projects of this policy
# that they are a member of, and what the policy lets them do: work, request, approve, audit or
# administer.
type User (
  name: string,
  roles: []string,
  projects: []string,
  may: []string
)

# A request to release the result `item`, which stands for so many seconds more. `release`: its name
# in the calls below; `size` in bytes.
type WaitingRelease (
  release: string,
  item: int,
  media: string,
  size: int,
  sha256: string,
  seconds: int
)

type SessionStatus (
  # the place it has: w0, w1, ...
  slot: string,
  # its id; for root only
  session: ?string,
  # opening, active, locked, parked, wiping, wiped, wipe-failed
  state: string,
  # whether it has a worker
  worker: bool
)

"""
    + machine_view.TYPES
    + """
# Log in and open a session. The answer carries a connection to its worker. `project` names a
# workspace that is kept between logins; `patient` is logged under a pseudonym. The
# `handle` is a secret, and all that the calls below ask for: who has it may use the session.
method Open(user: string, pin: string, project: ?string, patient: ?string) -> \
(session: string, handle: string)

# Log in to a locked session again, as the user who opened it. Gives a new handle; the old one is
# void.
method Reopen(session: string, user: string, pin: string) -> (session: string, handle: string)

# The answer carries another connection to the worker, or to a new one if it died.
method Attach(handle: string) -> (session: string, handle: string)

# The session is in use by a person: its idle time starts again.
method Touch(handle: string) -> ()

# Lock a session at once.
method Lock(handle: string) -> ()

# Park a project: its workspace is kept, its worker ends.
method Leave(handle: string) -> ()

# End a session and wipe it. `proof` is the text of a QR code, if it fits into one: the proof that
# the erasure is in the ledger, as `appliance-verify` reads it.
method Close(handle: string) -> (erasure: Erasure, proof: ?string)

# What a screen may show before anybody has logged in. `tokens`: how many are plugged in. `ledger`:
# whether it can be written; `blocked`: a wipe failed, and no session opens until it is repeated.
# `free`: places for sessions. `network`: all network devices of the machine but lo, as the kernel
# names them now; null where that is not known. `training`: see the key of this name in the policy.
# With `more`, an answer whenever one of these changes, until the caller hangs up.
method Appliance() -> \
(tokens: int, ledger: bool, blocked: bool, free: int, network: ?[]string, training: bool)

# Who is registered, in the order of their names; empty unless a token is plugged in.
method Users() -> (users: []User)

# How a session is, also while it is locked; to ask is no use of it. `subject`: the pseudonym of its
# person, as in the ledger. `locks_in`: seconds until it locks, or of a locked one until it is wiped
# or parked; `ends_in`: until its time is over. `worker`: whether it has one. `network` as above.
# With `more`, an answer whenever one of these changes but by the passing of time, and a last one
# when the session has ended. A handle that is void by a new one ends it with NoSuchSession.
method Status(handle: string) -> (state: string, subject: string, roles: []string, \
project: ?string, locks_in: int, ends_in: int, worker: bool, network: ?[]string)

# The requests of this session that wait for a second person: at most one.
method Waiting(handle: string) -> (requests: []WaitingRelease)

# The state of each place that is taken.
method List() -> (sessions: []SessionStatus)

# Ask for the release of the result `item` of this session, which must have this SHA-256 if one is
# given. The answer names the request, which stands for so many seconds, as long as the session
# stays open, and the SHA-256 of the result, which the second person has to name.
method RequestRelease(handle: string, item: int, sha256: ?string) -> \
(release: string, seconds: int, media: string, size: int, sha256: string)

# Another person logs in to look at what is to be released. A pipe with a JPEG comes with the
# answer, which is no result: that at its full size with words all over it, or a sheet of pictures
# of a film. `size` and `sha256` are those of the result that is to be approved.
method LookAtRelease(release: string, user: string, pin: string) -> \
(media: string, size: int, sha256: string)

# Another person logs in and decides against it. `reason`: wrong-person, wrong-result, consent,
# quality or other.
method DeclineRelease(release: string, user: string, pin: string, reason: string) -> ()

# Another person logs in and approves the release of the result with this SHA-256. The answer comes
# once the releaser has it; `number` is the release's, its index in the ledger.
method ApproveRelease(release: string, user: string, pin: string, sha256: string) -> (number: int)

# Burn all copies of this session that were released to the blank disc in the drive, which is closed
# and read back. To be called with `more`: each answer says how much is done, from 0 to 1, and the
# last one has the numbers of the releases, and SHA-256 and size in bytes of the disc. The copies
# stay: another disc can be burned. If the session is locked or ends meanwhile, the disc is spoiled.
method BurnReleases(handle: string) -> \
(done: float, numbers: ?[]int, sha256: ?string, size: ?int)

# An auditor logs in to look at the ledger. The answer carries a connection to the interface
# io.faceappliance.Auditor. It ends when the token is pulled, after the time that a session may be
# idle or last, and when somebody logs in for another one.
method Audit(user: string, pin: string) -> ()

"""
    + machine_view.METHOD
    + """
# A token was pulled (called by udev).
method TokenRemoved(device: string) -> ()

# A USB device was refused (called by udev): storage, keyboard, pointer, hub, network, radio, camera
# or other.
method DeviceRefused(device: string) -> ()

# `hint`: what the person can do, in a sentence.
error LoginRefused (reason: string, wait_ms: int, hint: string)
error NoSuchSession ()
error NoSuchRelease ()
error NoReleaser (hint: string)
error NoAuditor ()
error ReleaseRefused (reason: string, hint: string)
error WrongState (state: string)
error NoFreeSlot ()
error WipeFailed ()
error LedgerGone ()
error WorkerGone ()
error Bug ()
error Failed (message: string, hint: string)
"""
)
