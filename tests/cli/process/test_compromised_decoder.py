"""What a photo that takes over its decoder could do, in each command, in a really sealed process.

The decoder is replaced by one that tries to break out, in the state in which a decoder runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.paths import REPOSITORY
from tests.pipeline.media.clips import Clip, make

PRIVATE = "another patient"
_TAKEN_OVER = """
import errno, importlib, json, os, socket, sys, threading
from pathlib import Path
import av
from appliance.cli.process import input_files
from appliance.cli.main import main
from appliance.seal import libc

inherited, results, models = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
sys.argv = ["appliance", *sys.argv[4:]]

def threaded(call):
    def run():
        try: call()
        except OSError as error: heard.append(error)
    heard = []
    thread = threading.Thread(target=run); thread.start(); thread.join()
    if heard: raise heard[0]

def create(path):
    os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)

WAYS = {
    "a file next to the result": lambda: os.open(results / "secret", os.O_RDONLY),
    "the same, by a new thread": lambda: threaded(lambda: os.open(results / "secret", os.O_RDONLY)),
    "the names next to the result": lambda: os.listdir(results),
    "a hidden copy next to the result": lambda: create(results / "hidden"),
    "a hard link to a file of the pack": lambda: os.link(models / "manifest.toml", results / "x"),
    "a cache at home": lambda: create(Path.home() / "cache"),
    "a temporary file": lambda: create(results.parent / "temporary" / "file"),
    "shared memory": lambda: create("/dev/shm/appliance-escape"),
    "the models again": lambda: os.open(models / "manifest.toml", os.O_RDONLY),
    "the program's own code": lambda: os.open(libc.__file__, os.O_RDONLY),
    "its own memory as a file": lambda: os.open("/proc/self/mem", os.O_RDWR),
    "a descriptor inherited from the parent": lambda: os.read(inherited, 9),
    "a socket": lambda: socket.socket(),
    "a socket, below Python": lambda: libc.syscall(
        {"x86_64": 41}.get(os.uname().machine, 198), 2, 1, 0),
    "io_uring": lambda: libc.syscall(425, 8, 0),
    "a shell": lambda: os.system("true"),
    "a module": lambda: importlib.import_module("wave"),
}

def answer(call):
    try: call()
    except ImportError: return "no module"
    except OSError as error: return errno.errorcode.get(error.errno, str(error))
    return "done"

def hostile(*_, **__):
    found = {name: answer(call) for name, call in WAYS.items()}
    found["variables"] = [
        name for name in os.environ if name in ("LD_AUDIT", "https_proxy", "TMPDIR")]
    os.write(2, json.dumps(found).encode())
    os._exit(33)

input_files.read_photo = av.open = hostile
main()
"""


def taken_over(tmp_path: Path, *words: str | Path) -> Mapping[str, object]:
    """What each attempt of the decoder of a command returned."""
    home, temporary, results = (tmp_path / name for name in ("home", "temporary", "results"))
    for folder in (home, temporary, results):
        folder.mkdir()
    (results / "secret").write_text(PRIVATE)
    models = REPOSITORY / "models" / "starter"
    reading, writing = os.pipe()
    os.write(writing, PRIVATE.encode())
    # One thread, as main sets it: here the libraries are loaded before main runs.
    led_astray = {"LD_AUDIT": "", "https_proxy": "http://127.0.0.1:9", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", _TAKEN_OVER, str(reading), results, models, *words],
        env=os.environ | {"HOME": str(home), "TMPDIR": str(temporary)} | led_astray,
        pass_fds=(reading,),
        capture_output=True,
        check=False,
        timeout=600,
    )
    os.close(reading)
    os.close(writing)
    assert done.returncode == 33, done.stderr
    assert [file.name for file in results.iterdir()] == ["secret"]
    assert not [*home.iterdir(), *temporary.iterdir()]
    found: Mapping[str, object] = json.loads(done.stderr)
    return found


@pytest.mark.parametrize(
    ("command", "media"),
    [
        ("swap", "photo"),
        ("inspect", "photo"),
        ("inspect", "video"),
        ("compare", "photo"),
        ("series", "photo"),
        ("simulate", "photo"),
        ("demo", "photo"),
    ],
)
def test_a_compromised_decoder_has_no_way_out(
    tmp_path: Path, portraits: Mapping[str, Path], command: str, media: str
) -> None:
    photo, results = portraits["person_a_1"], tmp_path / "results"
    video = tmp_path / "video.mp4"
    video.write_bytes(make(Clip(size=(64, 48), frames=2)))
    target = video if media == "video" else photo
    words = {
        "swap": ("--source", photo, "--target", photo, "--output", results / "result"),
        "inspect": (target,),
        "compare": (photo, photo, "--output", results / "result.png"),
        "series": ("check", photo),
        "simulate": ("--photo", photo, "--handle", "cheek=1", "--output", results / "result"),
        "demo": ("--output", results),
    }[command]
    found = dict(taken_over(tmp_path, command, *words))
    assert found.pop("variables") == []
    assert found.pop("a descriptor inherited from the parent") == "EBADF"
    assert found.pop("a module") == "no module"
    assert len(found) == 15
    assert set(found.values()) <= {"EPERM", "EXDEV", "sealed: socket.__new__", "sealed: os.system"}


def test_a_result_gets_its_name_and_nothing_else_appears(
    tmp_path: Path, portraits: Mapping[str, Path]
) -> None:
    home, results = tmp_path / "home", tmp_path / "results"
    home.mkdir()
    results.mkdir()
    photos = ("--source", portraits["person_c_1"], "--target", portraits["person_d_1"])
    command: list[str | Path] = [sys.executable, "-m", "appliance.cli.main", "swap", *photos]
    places = {"HOME": str(home), "TMPDIR": str(home), "XDG_CACHE_HOME": str(home)}
    for more in ([], ["--overwrite"]):
        subprocess.run(
            [*command, "--output", results / "result.png", *more],
            env=os.environ | places,
            check=True,
            capture_output=True,
            timeout=600,
        )
        assert [file.name for file in results.iterdir()] == ["result.png"]
        assert not list(home.iterdir())
