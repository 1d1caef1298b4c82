"""What the documents tell people to run, and the files that they name, are there."""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from cli.__main__ import main
from tests import documented, documents
from tests.documents import PAGES
from tests.product import ROOT

# made by commands, or given as examples
MADE = re.compile(r"release/k8s|web/static/dist|bench/results|k8s/overlays/\w+/secret\.env|k8s/overlays/ours")


def pieces(page: str) -> Iterator[str]:
    """Everything that a page sets as code: spans, and the lines of blocks."""
    for token in documents.tokens(page):
        if token.type == "fence":
            yield from token.content.replace("\\\n", " ").splitlines()
        elif token.type == "code_inline":
            yield token.content


def commands(page: str, pattern: str) -> Iterator[str]:
    """What follows a program's name in the code of a page, to the end of the command."""
    for piece in pieces(page):
        if found := re.search(rf"(?:^|[ /]){pattern} ([^|;&]+)", re.split(r"(?:^|\s)#", piece)[0]):
            yield re.split(r"[<>]|\s\(", found[1])[0].strip()


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_gallery_takes_the_options_that_a_page_gives_it(page: str) -> None:
    for said in commands(page, r"(?<!image-)gallery"):
        words = shlex.split(said)
        command: click.Command | None = main
        while words and isinstance(command, click.Group) and re.fullmatch(r"[a-z][a-z-]+", words[0]):
            command = command.get_command(click.Context(command), words.pop(0))
        assert command, said
        known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)} | {"--help"}
        for word in words:
            assert not word.startswith("-") or word == "-" or word.partition("=")[0] in known, said


@pytest.mark.parametrize("page", PAGES)
def test_every_module_that_a_page_runs_is_there(page: str) -> None:
    for said in commands(page, r"python3? -m"):
        module = said.split()[0]
        assert importlib.util.find_spec(module), said


@pytest.mark.parametrize("page", PAGES)
def test_every_goal_of_make_is_there(page: str) -> None:
    goals = {
        name
        for file in ("Makefile", "k8s/deploy.mk")
        for line in re.findall(r"^([a-z.][^:=#\t]*):(?!=)", (ROOT / file).read_text(), re.MULTILINE)
        for name in line.split()
    }
    for piece in pieces(page):
        if found := re.match(r"make ([a-z][^#()]*)", piece):
            words = found[1].split('"')[0].split()
            assert {word for word in words if "=" not in word} <= goals, piece


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()} - {"data", "cache", "site"}
    for piece in pieces(page):
        for name in re.findall(r"(?:^|(?<=[ =]))([\w.-]+/[\w./-]*\w/?)(?=$|[ ,])", piece):
            if name.split("/")[0] in folders and not MADE.match(name) and not name.startswith(".venv/"):
                assert (ROOT / name).exists(), f"{name} in {piece}"


@pytest.mark.parametrize("page", PAGES)
def test_every_test_that_a_page_names_is_there(page: str) -> None:
    said = {piece for piece in pieces(page) if re.fullmatch(r"test_\w+", piece)}
    assert said <= names_of_tests()


def names_of_tests() -> set[str]:
    """The names of all tests."""
    found = {
        name for path in Path(ROOT / "tests").rglob("*.py") for name in re.findall(r"def (test_\w+)", path.read_text())
    }
    return found | {path.stem for path in Path(ROOT / "tests").rglob("test_*")}


def options(command: click.Command) -> set[str]:
    """The options of a command and of the commands below it."""
    found = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
    if isinstance(command, click.Group):
        for name in command.list_commands(context := click.Context(command)):
            found |= options(command.get_command(context, name) or command)
    return found


def test_every_option_in_the_readmes_table_of_commands_is_one_of_its_command() -> None:
    for row in documented.rows((ROOT / "README.md").read_text(), "| command | does |"):
        first, *others = documented.code(row)
        command = main.get_command(click.Context(main), first.split()[1])
        assert command, first
        assert {other for other in others if other.startswith("-") and other != "-"} <= options(command), row


def test_every_option_on_the_page_of_the_command_line_is_one_of_a_command() -> None:
    said = {piece.split()[0] for piece in pieces("docs/command-line.md") if re.match("--?[a-z]", piece)}
    assert said
    assert said - {"--network"} <= options(main)  # of Docker
