"""The interface in varlink's own language."""

from __future__ import annotations

NAME = "io.faceappliance.Worker"
DESCRIPTION = """\
# The worker of one session. Files go in and out as descriptors, never as paths.
interface io.faceappliance.Worker

type Face (x: float, y: float, width: float, height: float, score: float)

# What was found of a point of a photo. `amount`: degrees, percent or a factor, where the code has
# one.
type Cause (code: string, amount: ?float)

# One of the nine points of a clinical photo (position, expression, light, background, zoom,
# make-up, views, timing, description). `verdict`: met, missed, or person, which is left to one.
# `why` in words, and `causes` as codes.
type Point (name: string, verdict: string, why: string, causes: []Cause)

# What was measured of a face: degrees of `yaw` to the right of the picture, of `pitch` upwards and
# of `level` of the eyes clockwise; openness of mouth and eyes (the patient's own) over the distance
# of the eyes; `size`: the height of the face from the front, over that of the picture;
# `light_ratio`: the brighter side's light over the darker's; `forehead_hair`: a share, 0 to 1.
type Figures (
  yaw: float,
  pitch: float,
  level: float,
  mouth: float,
  right_eye: float,
  left_eye: float,
  sharpness: float,
  size: float,
  light_ratio: float,
  forehead_hair: float
)

# A photo of a series. `view`: front, oblique-right, oblique-left, profile-right, profile-left,
# base, smile or unknown; the side is the patient's that is seen. `score` of `judged` are met.
# `change`: what to do otherwise, in one sentence. Without a face that can be measured there are no
# `figures`.
type Photo (
  view: string,
  score: int,
  judged: int,
  change: string,
  points: []Point,
  figures: ?Figures
)

# An operator's model pack on this machine, by the name of its folder. If `refused` is set the pack
# cannot be used, for that reason. `generator`: the family of the network that draws instead of the
# mesh engine, `pixels` x `pixels`; `roles`: all networks in the pack.
type Pack (
  name: string,
  roles: []string,
  generator: ?string,
  pixels: ?int,
  refused: ?string,
  hint: ?string
)

# Options of packs; one that is missing has the default of `appliance swap`. `pixels`: side of the
# generated face, a multiple of the generator's own. `restore`: how far the restored face replaces
# the generated one, 0 to 1. `restorer_weight`: 0 to 1, for restorers that have one.
# `identity_weight`: 0 to 1; below 0.5 some of the target's identity stays. `occlusion`: whether
# what covers the face is left unchanged. `parts`: change only these (skin, nose, mouth, upper-lip,
# left-eyebrow, ...).
type GeneratorOptions (
  pixels: ?int,
  restore: ?float,
  restorer_weight: ?float,
  identity_weight: ?float,
  occlusion: ?bool,
  parts: ?[]string
)

# A place of an imported photo, in its pixels, upright.
type Place (x: float, y: float)

# A place of a photo that moves by so many mm, to the right and down; without a move it is held.
type Drag (x: float, y: float, right: float, down: float)

# A region of a face, a polygon, and what is done with it. `mode`: from the other half of the face
# line, the fine structure of a scar, region, the skin, or shape, that of a swelling; or mean: the
# shape is brought to the mean of faces. `share`: of the way, 1 to 100 percent; of shapes only.
type Region (mode: string, corners: []Place, share: ?int)

# A straight line of a photo, in its pixels, upright.
type Line (x: float, y: float, to_x: float, to_y: float)

# A handle of simulations. `least` and `most` that may be asked of it, in its `unit`: mm, degrees or
# percent; `lowest` and `highest`: its own bounds, which the site may have narrowed. `region` of the
# face that it moves: nose, jaw, lips, brows, eyes, cheeks or face. `points`: landmarks that must be
# set by hand where the network finds no face; none if it cannot be applied there. `views`: front,
# oblique and profile, as far as photos of such a view may show it; which do depends on their yaw
# and on points, and PreviewSimulation says it.
type Handle (
  name: string,
  unit: string,
  least: float,
  most: float,
  lowest: float,
  highest: float,
  region: string,
  points: []string,
  views: []string
)

# A file of the session, what was imported or a result, by its number. `engine`: what made a result,
# as the ledger names it; none of what was imported. `seconds` and `frames` of a video, as far as it
# says them.
type Kept (
  item: int,
  media: string,
  result: bool,
  engine: ?string,
  seconds: ?float,
  frames: ?int
)

# The packs on this machine, and the execution provider; the policy decides on both.
method Packs() -> (packs: []Pack, provider: string)

# Import the photo or video whose descriptor comes with the call. A process that can do nothing
# else decodes and re-encodes it. `role`: source, target or reference. `consent`: the reference of
# the consent of the person it shows, where the policy requires one; logged as a pseudonym. `size`:
# how many bytes there must be; without it the descriptor has to be of a regular file, with it a
# pipe will do. `origin`: folder or disc, where it comes from as the ledger says.
method Import(role: string, consent: ?string, size: ?int, origin: ?string) -> \
(item: int, media: string, width: int, height: int)

# An imported item as a small picture: the answer carries a JPEG in sRGB, upright, of at most `side`
# pixels (64 to 2048, else 1024), which is logged as previews are. Of a video it shows the frame at
# `at` seconds. `width` and `height`: of the item itself, as people see it, in whose pixels faces
# and places are. A result may be looked at too, with words all over it: it is released by a second
# person alone.
method View(item: int, side: ?int, at: ?float) -> (width: int, height: int)

# The files of the session, oldest first: for a screen that started again in the middle of it, and
# for a project that was left at another time.
method Items() -> (items: []Kept)

# Delete an imported item, as a photo that was taken wrongly. Results that were made of it stay. It
# is in the ledger; no other item ever gets its number. Busy while a job runs.
method Discard(item: int) -> ()

# The faces in an item, largest first; in a video those of the frame at `at` seconds.
method Inspect(item: int, at: ?float) -> (faces: []Face)

# Check the photos of a series: which views they are, and how well each is taken. `missing`: views
# that no photo shows; `double`: those that several show; `unrecognised`: how many photos show a
# view that was not recognised. With `more` there is an answer for each photo that was looked at,
# with how many are `done`, before the last, which alone has the records. Cancel stops it.
method Assess(items: []int) -> (
  done: int,
  photos: []Photo,
  missing: []string,
  double: []string,
  unrecognised: int
)

# Apply the face of the sources to the target. `regions`: strengths from 0 to 1 by name. `choice`:
# which faces of the target, one of largest, all, left, right and like; like means the person on the
# photo `like`. `packs`: names, in the order in which networks are looked up; if none of them has a
# generator the mesh engine draws. `upscale`: 1, 2 or 4. With `more` there is an answer for each
# frame of a video.
method Swap(
  sources: []int,
  target: int,
  regions: [string]float,
  choice: ?string,
  like: ?int,
  packs: ?[]string,
  generator_options: ?GeneratorOptions,
  upscale: ?int
) -> (job: int, frames: int, total: ?int, result: ?int)

# The same, small and fast, for a slider: the answer carries a JPEG of at most `side` pixels. For a
# video it shows the frame at `at` seconds. `upscale` is ignored.
method Preview(
  sources: []int,
  target: int,
  regions: [string]float,
  choice: ?string,
  like: ?int,
  packs: ?[]string,
  generator_options: ?GeneratorOptions,
  upscale: ?int,
  side: ?int,
  at: ?float
) -> ()

# What the site's policy allows of simulations: `handles`, in the order in which they are shown; how
# far a place may be dragged, where 0 forbids it; whether `regions` that are drawn may be changed.
# `consent`: whether an import needs its reference. `same_person`: whether a swap needs source and
# target of one person. `engine`: what draws simulations, as the ledger names it.
method Handles() -> (
  handles: []Handle,
  drag_mm: float,
  regions: bool,
  consent: bool,
  same_person: bool,
  engine: string
)

# Where landmarks of the face on an imported photo may lie, by name, for a person to correct.
# `choice`: which face, one of largest, left and right, where several could be meant; or `face`, its
# number in the answer of Inspect, from 1. `yaw`: degrees by which a standard face is turned, to
# start from where the network finds none; else the answer has what was read. What the photo hides
# is left out. `network`: whether the network found the face.
method ProposePoints(photo: int, choice: ?string, face: ?int, yaw: ?float) -> \
(points: [string]Place, yaw: float, network: bool)

# What can be asked of the face on an imported photo, with the parameters of Simulate. `left_out`:
# why handles that the site allows would not be honest there, by handle: mouth-open, points (they
# need points that are set by hand), inexact (nowhere exact enough) or turned (the head is, too far
# or too little). `yaw`: degrees. `scale`: pixels of the photo to a mm. `lines`: from the front the
# midline, the borders of thirds and of fifths, in a profile the E-line, where they can be measured.
method Reach(photo: int, points: ?[string]Place, choice: ?string, face: ?int) -> \
(left_out: [string]string, yaw: float, scale: float, lines: []Line)

# Change the face on an imported photo, as `appliance simulate` does; no other person's picture has
# a part in it. `handles`: in their units. `points`: landmarks set by hand, by name, onto which the
# mesh is bent; where there are enough of them, the network need not find a face. `shows`: wished or
# least, what is wished or the least to be expected: a pair is two calls, each a job with a result
# of its own. `left_out`: why a handle was not applied, by handle, as of Reach; where none is honest
# on this photo the call fails. `share`: of the move that could be made without folds. What the
# site's policy does not allow fails, and the ledger says so.
method Simulate(
  photo: int,
  handles: ?[string]float,
  drags: ?[]Drag,
  regions: ?[]Region,
  points: ?[string]Place,
  choice: ?string,
  face: ?int,
  shows: ?string
) -> (job: int, result: int, left_out: [string]string, share: float)

# The same, small and fast, for a slider: the answer carries a JPEG of at most `side` pixels, and
# below it the words that belong to it. Places are those of the imported photo all the same.
method PreviewSimulation(
  photo: int,
  handles: ?[string]float,
  drags: ?[]Drag,
  regions: ?[]Region,
  points: ?[string]Place,
  choice: ?string,
  face: ?int,
  shows: ?string,
  side: ?int
) -> (left_out: [string]string, share: float)

# How many bytes are free in the session's workspace, and how many it has.
method Space() -> (free: int, size: int)

# Record that the patient agrees that what was made of an imported photo may leave. `sentences`:
# that they ticked, of wish, limits and leaves.
method Agree(item: int, sentences: []string) -> ()

# Stop the running job and the running import; they end with the error Stopped and leave nothing.
method Cancel() -> (stopped: bool)

# The results so far, oldest first.
method Results() -> (results: []int)

# A result; the answer carries a pipe from which it can be read. Where the policy demands that a
# second person releases results it is refused (NotReleased), and the ledger says so.
method Result(item: int) -> (media: string, size: int, sha256: string)

error NoSuchItem ()
error NoDescriptor ()
error NotReleased ()
error Busy ()
error Stopped ()
error Bug ()
error Failed (kind: string, message: string, hint: string)
"""


def error_name(name: str) -> str:
    """The full name of an error of this interface."""
    return f"{NAME}.{name}"
