"""``appliance``: the commands by name, each imported only when it is called."""

from __future__ import annotations

import gc
import logging
import os
import sys
import warnings
from collections.abc import Mapping
from types import MappingProxyType

import click

from appliance.cli.framework.display import display_variables
from appliance.cli.framework.exit_boundary import run_command
from appliance.cli.framework.imports import import_for_good
from appliance.cli.framework.memory import check_container, probe_addresses
from appliance.cli.framework.run_context import RunContext
from appliance.cli.framework.standard_streams import prepare_streams
from appliance.seal.environment import scrub_environment
from appliance.seal.process import descriptors
from appliance.version import DISTRIBUTION

# Name, module and first line of help, which a test compares with that of the command. They are
# repeated here so that `appliance --help` imports none of the libraries that the commands need.
COMMANDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "accuracy": (
            "simulate.accuracy.command",
            "Compare what operations achieved with what was simulated.",
        ),
        "attest": (
            "commands.attest",
            "Have the TPM sign what this machine runs.",
        ),
        "audit": (
            "audit.command",
            "Create, read, verify and export the ledger of events.",
        ),
        "compare": (
            "commands.compare",
            "Measure how much the faces in two photos resemble each other.",
        ),
        "demo": (
            "demo.command",
            "Swap faces between the sample portraits and draw a contact sheet.",
        ),
        "disc": (
            "disc.command",
            "List the files of a disc, and take photos and videos from it.",
        ),
        "doctor": (
            "doctor.command",
            "Seal this process, try to break out, and report what stopped it.",
        ),
        "inspect": (
            "commands.inspect",
            "Describe a photo or video and the faces in it.",
        ),
        "kiosk": (
            "kiosk.command",
            "Practise on samples with the appliance's screen, without root.",
        ),
        "models": (
            "models.command",
            "List, verify, create, sign and optimise packs of models.",
        ),
        "policy": (
            "commands.policy",
            "Check, show and compare policies.",
        ),
        "provision": (
            "provision.command",
            "Make, sign, check and apply the bundle that sets a machine up.",
        ),
        "release": (
            "release.command",
            "Ask for, decide on, label, sign and check what leaves.",
        ),
        "series": (
            "commands.series",
            "Check the photos of a clinic's series.",
        ),
        "session": (
            "commands.session",
            "List sessions, and write the certificate of an erased one.",
        ),
        "simulate": (
            "simulate.command",
            "Show a person's own photo as an operation could change the face.",
        ),
        "swap": (
            "swap.command",
            "Apply the face of the source to faces in a photo or video.",
        ),
        "update": (
            "update.command",
            "Make, check and apply updates of the appliance's image.",
        ),
    }
)

# Those that load models and look for faces.
_LOOKING = frozenset(
    ("accuracy", "compare", "demo", "doctor", "inspect", "series", "simulate", "swap")
)

_EPILOG = """\b
Exit codes:
    0  done
    1  another error, named in the message
    2  the command line is wrong
    3  a photo or video cannot be read
    4  no face was found, or not the requested one
    5  the model pack is missing, altered or unsuitable
    6  the requested execution provider does not work here
    7  the result cannot be written
    8  the policy is malformed or weakens a fixed rule
    9  the process cannot be sealed as the policy requires
   10  the ledger is damaged, unreachable or full
   11  a session cannot be opened, used or closed
   12  a service of the appliance does not answer
   13  source and target are different people, which the policy forbids
   14  a simulation is asked beyond its bounds, or in a view where it is not honest
   15  a result cannot be released, or what a file carries is not trusted
   16  the TPM is missing, does not answer, or refuses what is asked of it
   17  a bundle that sets a machine up is not accepted, or cannot be applied
   18  an update of the image is not installed
   70  a bug in the program
  130  interrupted by Ctrl-C; nothing was written
  141  the reader of the output closed it (SIGPIPE)
"""


class LazyGroup(click.Group):
    """A group that imports the module of a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command; ``None`` if there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        name, _ = COMMANDS[cmd_name]
        probe_addresses()
        if cmd_name in _LOOKING:
            check_container()
        module = import_for_good(f"appliance.cli.{name}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


@click.group(
    cls=LazyGroup,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name=DISTRIBUTION, prog_name="appliance")
def appliance() -> None:
    """Swap faces in photos and videos on a machine that data cannot leave."""


def main() -> None:
    """Entry point of the console script."""
    prepare_streams()  # first: no file may get the number of a standard stream
    display = display_variables()
    scrub_environment()
    inherited = descriptors()
    # numpy's linear algebra starts its threads on import. Landlock does not restrict threads that
    # exist already, and nothing here would use them.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    # OpenCV prints its errors, which come as exceptions anyway.
    os.environ["OPENCV_LOG_LEVEL"] = "SILENT"
    if not sys.warnoptions:
        # Libraries print warnings for developers on stderr, with paths of this machine.
        warnings.simplefilter("ignore")
    # Without a handler, Python prints what libraries log as errors, such as numbers of a photo.
    logging.getLogger().addHandler(logging.NullHandler())
    code = run_command(appliance, sys.argv[1:], RunContext(inherited, display=display))
    gc.freeze()  # what is left now ends with the process, and is not searched for garbage
    sys.exit(code)


if __name__ == "__main__":
    main()
