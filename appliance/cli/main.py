"""``appliance``: the commands by name, each imported only when it is called."""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from collections.abc import Mapping
from types import MappingProxyType

import click

from appliance.cli.framework.exit_boundary import run_command
from appliance.seal.process import descriptors

# Name, module and first line of help; a test holds them against the commands themselves. They
# stand here so that `appliance --help` needs none of the libraries that the commands need.
COMMANDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "audit": (
            "audit.command",
            "Keep, read, check and export the ledger of what happened.",
        ),
        "compare": (
            "commands.compare",
            "Say how much the faces of two photos resemble each other.",
        ),
        "demo": (
            "demo.command",
            "Swap faces between the sample portraits and draw a contact sheet.",
        ),
        "doctor": (
            "doctor.command",
            "Seal this process, try to get out, and show what stopped it.",
        ),
        "inspect": (
            "commands.inspect",
            "Say what a photo or video is and which faces it shows.",
        ),
        "models": (
            "models.command",
            "Look at the models of a pack, or make a pack of models.",
        ),
        "policy": (
            "commands.policy",
            "Check, show or compare the policies of a site.",
        ),
        "session": (
            "commands.session",
            "List sessions; print the certificate of one that was erased.",
        ),
        "swap": (
            "swap.command",
            "Put the face of the source on the faces of a photo or video.",
        ),
    }
)

_EPILOG = """\b
Exit codes:
    0  done
    1  another error, named in the message
    2  the command line is wrong
    3  a photo or video cannot be read
    4  no face, or not the asked-for one, was found
    5  the model pack is missing, altered or unsuitable
    6  the asked-for execution provider does not work here
    7  the result cannot be written
    8  the policy is malformed or weakens a fixed rule
    9  the process cannot be sealed here as the policy asks
   10  the ledger is damaged, out of reach or full
   11  a session cannot be opened, used or closed
   12  a service of the appliance does not answer
   13  source and target are not the same person, as the policy demands
   70  a bug of the program
  130  stopped by Ctrl-C; nothing was written
  141  whoever read the output stopped reading
"""


class LazyGroup(click.Group):
    """A group that imports the module of a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        name, _ = COMMANDS[cmd_name]
        module = importlib.import_module(f"appliance.cli.{name}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing one."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


@click.group(
    cls=LazyGroup,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="face-appliance", prog_name="appliance")
def appliance() -> None:
    """Swap faces in photos and videos on a machine that data cannot leave."""


def main() -> None:
    """The console script."""
    inherited = descriptors()
    # numpy's linear algebra starts its threads on import, and Landlock binds none that is there
    # already; nothing here would use them.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a sign gets a question mark, not an exception.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    if not sys.warnoptions:
        # Libraries warn developers on stderr, with paths of this machine.
        warnings.simplefilter("ignore")
    sys.exit(run_command(appliance, sys.argv[1:], inherited))


if __name__ == "__main__":
    main()
