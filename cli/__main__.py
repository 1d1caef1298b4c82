"""`gallery COMMAND` or `python -m cli COMMAND`. The module of a command is imported when it runs."""

from __future__ import annotations

import errno
import importlib
import io
import sys
from typing import Any

import click

from cli.exit_statuses import INTERRUPTED, fail, leave
from pipeline.version import VERSION

_COMMANDS = {
    "backup": "cli.backup:backup",
    "completion": "cli.completion:completion",
    "delete": "cli.delete_and_retry:delete",
    "doctor": "cli.doctor:doctor",
    "export": "cli.export:export",
    "import": "cli.importing:import_",
    "list": "cli.listing:list_",
    "regenerate": "cli.regenerate:regenerate",
    "restore": "cli.restore:restore",
    "retry-failed": "cli.delete_and_retry:retry_failed",
    "status": "cli.status:status",
    "trash": "cli.trash:trash",
}


class _Commands(click.Group):
    """Imports a command only when it runs, so that no command needs the dependencies of another."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = _COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, name = place.split(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. If output cannot be written, exit with a message and status 2; on Ctrl-C with 130."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("Stopped.", err=True)
            leave(INTERRUPTED)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise  # the reader of our output is gone: click exits
            fail(f"{error.strerror}: {error.filename}" if error.filename else str(error.strerror or error))


@click.group(cls=_Commands)
@click.version_option(VERSION, prog_name="gallery")
def main() -> None:
    """Look after an image gallery."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # print every name, even on a terminal that cannot show it
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main(prog_name="gallery"))
