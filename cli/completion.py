"""`gallery completion SHELL`: the script by which a shell completes our commands."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a SHELL: eval "$(gallery completion bash)"."""
    from cli.__main__ import main

    kind = get_completion_class(shell)
    if kind is None:
        raise click.ClickException(f"Nothing is known of {shell}.")
    click.echo(kind(main, {}, "gallery", "_GALLERY_COMPLETE").source())
