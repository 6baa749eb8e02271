"""The starter pack with networks that answer at once: each says what it said of one photo before.

In an emulated processor the networks take most of a session's time, and what the lab tests is the
system around them. A network here has the inputs and outputs of its original, no layers, and for
any picture the answer that the original gave for the lab's photo; so a face is found in it, and
everybody is the person shown there. What real networks do is tested where they are fast; and the
lab, too, has a boot with them.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import onnx
import tomli_w

from appliance.inference.forms import Form
from appliance.inference.importing import sign
from appliance.inference.network import Network
from appliance.inference.pack import MANIFEST, ModelPack, Models, starter_folder
from appliance.inference.runtime import Runtime
from appliance.inference.session import IoBinding, Numbers, Session, Tensor
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import read_photo
from appliance.pipeline.run import SwapOptions, read_source, swap_photo
from tests.inference.packs import KEY

PUBLIC_KEY = KEY.public.line


def write_recorded(folder: Path, photo: Path) -> None:
    """Make ``folder`` a pack like the starter pack, whose networks were asked about ``photo``.

    It is signed by the key of ``PUBLIC_KEY``.
    """
    recorder = _Recorder()
    pipeline = Pipeline.load(ModelPack.open(), recorder)
    picture = read_photo(photo.read_bytes())
    swap_photo(pipeline, read_source(pipeline, [picture]), picture, SwapOptions())
    folder.mkdir(parents=True)
    manifest = tomllib.loads((starter_folder() / MANIFEST).read_text())
    for entry in manifest["entry"]:
        data = (starter_folder() / entry["file"]).read_bytes()
        if entry["role"] in recorder.sessions:
            data = _recorded(data, recorder.sessions[entry["role"]])
        (folder / entry["file"]).write_bytes(data)
        entry["sha256"], entry["size"] = sha256(data).hexdigest(), len(data)
    sign(folder, tomli_w.dumps(manifest).encode(), manifest["name"], KEY)


@dataclass
class _RecordingSession:
    """A session that keeps its last answer, by the outputs' names."""

    session: Session
    network: Network
    answer: dict[str, Tensor] = field(default_factory=dict)

    def get_providers(self) -> list[str]:
        return self.session.get_providers()

    def run(self, outputs: list[str], inputs: dict[str, Numbers]) -> list[Tensor]:
        results = self.session.run(outputs, inputs)
        self.answer = dict(zip(outputs, results, strict=True))
        return results

    def io_binding(self) -> IoBinding:
        return self.session.io_binding()

    def run_with_iobinding(self, binding: IoBinding) -> None:
        self.session.run_with_iobinding(binding)


class _Recorder:
    """Loads networks whose answers are kept, by role."""

    def __init__(self) -> None:
        self._runtime = Runtime(("cpu",))
        self.sessions: dict[str, _RecordingSession] = {}

    @property
    def latency_mode(self) -> bool:
        return self._runtime.latency_mode

    def load(
        self, models: Models, role: str, *, fixed: bool = False, form: Form | None = None
    ) -> Network:
        network = self._runtime.load(models, role, fixed=fixed, form=form)
        session = self.sessions.setdefault(role, _RecordingSession(network.session, network))
        return replace(network, session=session)


def _recorded(data: bytes, session: _RecordingSession) -> bytes:
    """The model of ``data``, its layers replaced by what the ``session`` answered last."""
    if not session.answer:  # it was never asked, as the photo shows no hand
        image, outputs = session.network.contract.image, session.network.tensors.outputs
        size = [length or 1 for length in image.shape]
        session.run([*outputs], {image.name: np.zeros(size, np.float32)})
    model = onnx.ModelProto.FromString(data)
    graph = model.graph
    answers = [session.answer[output.name] for output in graph.output]
    del graph.node[:], graph.initializer[:], graph.value_info[:], graph.sparse_initializer[:]
    for output, answer in zip(graph.output, answers, strict=True):
        constant = onnx.numpy_helper.from_array(answer, f"{output.name}-recorded")
        graph.initializer.append(constant)
        graph.node.append(onnx.helper.make_node("Identity", [constant.name], [output.name]))
    return model.SerializeToString()
