"""The names people gave their files, as they are kept."""

from __future__ import annotations

import pytest

from pipeline.names import MAX_CHARACTERS, clean_name


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("C:\\Users\\me\\a.png", "a.png"),
        ("a/b\\c/d.png", "d.png"),
        ("Zoe\u0308.png", "Zoë.png"),
        ("a" * 3000 + ".jpeg", "a" * 250 + ".jpeg"),
        ("a." + "b" * 3000, "a." + "b" * 253),
        (" . ", "unnamed.png"),
        ("family \U0001f469\u200d\U0001f467.png", "family \U0001f469\u200d\U0001f467.png"),
        ("می\u200cخواهم.png", "می\u200cخواهم.png"),
    ],
)
def test_a_name_is_its_last_part_at_most_255_characters_long(sent: str, kept: str) -> None:
    assert clean_name(sent, "png") == kept


@pytest.mark.parametrize(
    "unseen",
    [
        "\x00", "\x1b", "\x7f", "\x85", "\x9b", "\u2028", "\u2029", "\u061c", "\u200b", "\u200e", "\u200f", "\u202a",
        "\u202e", "\u2060", "\u2066", "\u2069", "\u206a", "\ufeff", "\ufff9", "\u180e", "\u00ad", "\ud800",
        "\U000e0041",
    ],
)  # fmt: skip
def test_what_cannot_be_seen_is_left_out_of_names(unseen: str) -> None:
    assert clean_name(f"cat{unseen}gnp.exe", "png") == "catgnp.exe"


@pytest.mark.parametrize("piece", ["a", "/", "a\\", "\u0316\u0301", "\ufb2c", "\U0001d160", " ", ".", "\u202e"])
def test_a_name_of_a_million_characters_is_cut_before_it_is_worked_on(piece: str) -> None:
    name = clean_name(piece * 1_000_000, "png")
    assert 0 < len(name) <= MAX_CHARACTERS
