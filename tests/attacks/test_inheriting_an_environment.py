"""An attacker starts a command with variables, or in a folder, that lead its libraries astray."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from appliance.seal.environment import keeps
from tests.paths import REPOSITORY

# What loaders, interpreters, C libraries, thread pools, drivers, clients and media libraries obey.
LEADING_ASTRAY = (
    *("LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "GLIBC_TUNABLES", "GCONV_PATH", "LOCPATH"),
    *("NLSPATH", "HOSTALIASES", "RES_OPTIONS", "MALLOC_CHECK_", "TMPDIR", "TEMP", "TMP", "TZDIR"),
    *("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONINSPECT", "PYTHONBREAKPOINT"),
    *("ORT_LOAD_CONFIG_FROM_MODEL", "ORT_TENSORRT_ENGINE_CACHE_ENABLE", "ORT_DISABLE_FOO"),
    *("OMP_NUM_THREADS", "OMP_TOOL_LIBRARIES", "KMP_AFFINITY", "GOMP_CPU_AFFINITY", "MKL_VERBOSE"),
    *("OPENBLAS_CORETYPE", "NUMEXPR_MAX_THREADS", "NPY_DISABLE_CPU_FEATURES", "OPENCV_LOG_LEVEL"),
    *("CUDA_INJECTION64_PATH", "CUDA_CACHE_PATH", "CUDA_LAUNCH_BLOCKING", "NVIDIA_TF32_OVERRIDE"),
    *("CUDNN_LOGDEST_DBG", "OPENVINO_LIB_PATHS", "SSLKEYLOGFILE", "OPENSSL_CONF", "SSL_CERT_FILE"),
    *("https_proxy", "ALL_PROXY", "GIO_EXTRA_MODULES", "GST_PLUGIN_PATH", "LIBVA_DRIVERS_PATH"),
    *("SOFTHSM2_CONF", "OPENSC_CONF", "PKCS11_MODULE", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"),
    *("BASH_ENV", "ENV", "IFS", "EDITOR", "PAGER", "TERMINFO", "A", "lang", "LC_", "LC_all"),
)
ODD = {
    "LANG": "/home/locale",
    "LC_ALL": "../locale",
    "LC_CTYPE": "..",
    "TZ": ":/etc/shadow",
    "TERM": "../x",
    "HOME": "relative",
    "COLUMNS": "80; true",
    "OPENBLAS_NUM_THREADS": "64",
    "ORT_DISABLE_TELEMETRY": "0",
    "TPM2TOOLS_TCTI": "cmd:sh -c true",
    "CUDA_VISIBLE_DEVICES": "/x",
}
SOUND = {
    "LANG": "de_DE.UTF-8",
    "LC_ALL": "C",
    "TZ": "Europe/Berlin",
    "TERM": "xterm-256color",
    "HOME": "/home/somebody",
    "COLUMNS": "80",
    "APPLIANCE_DEBUG": "1",
    "CUDA_VISIBLE_DEVICES": "0,1",
    "TPM2TOOLS_TCTI": "device:/dev/tpmrm0",
}

FIRST, SHOW = "import json, os", "print(json.dumps(dict(os.environ)))"
CONFINED = "from appliance.seal.seal import confine; confine(readable=[]);"
COMMAND = """
from appliance.cli import main
main.run_command = lambda *_: None
try: main.main()
except SystemExit: pass
"""
BROKER = """
from appliance.errors import SessionError
from appliance.session import __main__ as broker
def refuse(*_): raise SessionError("no socket", "")
broker.listening_socket = refuse
broker.main()
"""


def left(start: str, environment: Mapping[str, str]) -> Mapping[str, str]:
    """The variables of a process once it has done ``start``."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", f"{FIRST}\n{start}\n{SHOW}"],
        env={"OPENBLAS_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found: Mapping[str, str] = json.loads(done.stdout)
    return found


STARTS = {"a sealed process": CONFINED, "a command": COMMAND, "the broker": BROKER}


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS.keys())
def test_only_what_is_on_the_list_is_inherited(start: str) -> None:
    harmless = {name: "x" for name in LEADING_ASTRAY if not name.startswith(("LD_", "PYTHON"))}
    given_ = {**harmless, "LD_AUDIT": "", "PYTHONSTARTUP": "x", **ODD}
    given_["OPENBLAS_NUM_THREADS"] = "1"  # more would be threads before the seal
    assert {**given_}.items() <= left("", given_).items()  # the means: it does inherit them
    found = left(start, given_)
    own = {"OPENBLAS_NUM_THREADS", "OPENCV_LOG_LEVEL", "ORT_DISABLE_TELEMETRY"}
    assert found.keys() <= {"PATH", *own}
    assert found.get("OPENCV_LOG_LEVEL", "SILENT") == "SILENT"  # what was given does not count
    assert all(part.startswith("/usr/") or part in ("/sbin", "/bin") for part in _path(found))


def _path(environment: Mapping[str, str]) -> list[str]:
    return environment["PATH"].split(":")


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS.keys())
def test_what_a_person_needs_is_kept(start: str) -> None:
    assert SOUND.items() <= left(start, SOUND).items()


def test_names_and_values_that_are_not_on_the_list() -> None:
    assert not [name for name in LEADING_ASTRAY if keeps(name, "1")]
    assert not [name for name, value in ODD.items() if keeps(name, value)]
    assert all(keeps(name, value) for name, value in SOUND.items())


@given(st.text(max_size=20), st.sampled_from(sorted(SOUND)))
def test_no_end_of_line_hides_a_value(text: str, name: str) -> None:
    value = SOUND[name]
    if name not in ("HOME", "APPLIANCE_DEBUG"):
        assert not keeps(name, f"{value}\n{text}")
    assert not keeps(f"{name}\n{text}", value)


def test_a_model_does_not_set_the_runtimes_options(tmp_path: Path) -> None:
    """ORT_LOAD_CONFIG_FROM_MODEL: the runtime reads a JSON text in the file, here a broken one."""
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])], "g", value[:1], value[1:]
    )
    opset = helper.make_opsetid("", 13)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=8)
    helper.set_model_props(model, {"ort_config": "{ broken"})
    file = tmp_path / "model.onnx"
    onnx.save(model, file)
    load = f"""
from pathlib import Path
from appliance.inference.session import FAILURES, make_session
data = Path({os.fspath(file)!r}).read_bytes()
try: make_session(data, 1, {{"cpu": {{}}}})
except FAILURES: os.environ["DONE"] = "no"
else: os.environ["DONE"] = "yes"
"""
    led = {"ORT_LOAD_CONFIG_FROM_MODEL": "1"}
    scrub = "from appliance.seal.environment import scrub_environment; scrub_environment()"
    assert left(load, led)["DONE"] == "no"
    assert left(f"{scrub}\n{load}", led)["DONE"] == "yes"


@pytest.mark.parametrize(("flags", "taken"), [(("-m",), True), (("-P", "-m"), False)])
def test_modules_of_the_current_folder_are_not_the_programs(
    tmp_path: Path, flags: tuple[str, ...], taken: bool
) -> None:
    """A folder of photos holds a msgspec.py. Without -P a child that is started there runs it."""
    (tmp_path / "msgspec.py").write_text("open('taken', 'w').close()\nraise SystemExit\n")
    start = f"""
import subprocess
from appliance.cli.process import isolated_decode
started = subprocess.Popen
def popen(command, **words):
    assert command[1:3] == ["-P", "-m"]
    return started([command[0], *{flags!r}, *command[3:]], **words)
isolated_decode.subprocess.Popen = popen
from appliance.errors import InputError
try: isolated_decode.decode_isolated(open(os.devnull, "rb"), "A photo")
except InputError: pass
"""
    subprocess.run(
        [sys.executable, "-P", "-c", f"import os\n{start}"],
        cwd=tmp_path,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        check=True,
        timeout=120,
    )
    assert (tmp_path / "taken").exists() == taken


def test_every_child_of_the_program_is_started_with_its_own_modules() -> None:
    """Whoever starts an interpreter names -I or -P, which leave the current folder out."""
    starting = 0
    for path in sorted((REPOSITORY / "appliance").rglob("*.py")):
        lines = path.read_text().splitlines()
        for number, line in enumerate(lines):
            if "sys.executable, " in line:
                starting += 1
                assert '"-I"' in line or '"-P"' in line, f"{path.name}, line {number + 1}"
    assert starting >= 4
