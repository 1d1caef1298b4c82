"""`gallery COMMAND`, or `python -m gallery COMMAND`: finds the command's module when it is asked for."""

from __future__ import annotations

import importlib
import sys

import click

_COMMANDS = {
    "completion": "gallery.completion:completion",
    "delete": "gallery.changing:delete",
    "doctor": "gallery.doctor:doctor",
    "export": "gallery.export:export",
    "import": "gallery.importing:import_",
    "regenerate": "gallery.regenerate:regenerate",
    "retry-failed": "gallery.changing:retry_failed",
    "status": "gallery.status:status",
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


if __name__ == "__main__":
    sys.exit(main(prog_name="gallery"))
