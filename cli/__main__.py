"""`gallery COMMAND`, or `python -m cli COMMAND`: finds the command's module when it is asked for."""

from __future__ import annotations

import importlib
import io
import sys

import click

_COMMANDS = {
    "completion": "cli.completion:completion",
    "delete": "cli.changing:delete",
    "doctor": "cli.doctor:doctor",
    "export": "cli.export:export",
    "import": "cli.importing:import_",
    "regenerate": "cli.regenerate:regenerate",
    "retry-failed": "cli.changing:retry_failed",
    "status": "cli.status:status",
}


class _Commands(click.Group):
    """Imports a command only when it runs, so that none needs what another one needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = _COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, name = place.split(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(cls=_Commands)
def main() -> None:
    """Look after an image gallery."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # no name is lost on a terminal that cannot show it
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main(prog_name="gallery"))
