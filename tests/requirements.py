"""What the appliance runs on when one of its dependencies is left out, for pip.

    python -m tests.requirements onnxruntime-gpu

Prints the dependencies of pyproject.toml but that one, then those of the extras `openvino`, which
takes its place, and pytest as it is pinned.
"""

from __future__ import annotations

import sys
import tomllib

from tests.paths import REPOSITORY

PROJECT = REPOSITORY / "pyproject.toml"


def main(left_out: str) -> None:
    """Print them, one a line."""
    project = tomllib.loads(PROJECT.read_text())["project"]
    extras = project["optional-dependencies"]
    tests = [line for line in extras["dev"] if line.startswith(("pytest==", "hypothesis=="))]
    kept = [line for line in project["dependencies"] if not line.startswith(f"{left_out}==")]
    print("\n".join([*kept, *extras["openvino"], *tests]))


if __name__ == "__main__":
    main(sys.argv[1])
