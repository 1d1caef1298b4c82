"""Damaged, lost and replaced originals."""

from __future__ import annotations

import os

from tests.damage.volume import Said, Volume, damage, flip, lasting


@damage
def a_byte_flipped_in_an_original(v: Volume) -> Said:
    flip(v.original(v.ready[0]))
    return lasting({v.ready[0]: "original-damaged"})


@damage
def an_original_cut_short_and_a_rendition_gone(v: Volume) -> Said:
    path = v.original(v.ready[0])
    path.write_bytes(path.read_bytes()[:40])
    v.layout.rendition(v.ready[0], "grid").unlink()
    return lasting({v.ready[0]: ("original-damaged", "rendition-broken")})


@damage
def an_original_removed(v: Volume) -> Said:
    v.original(v.ready[0]).unlink()
    return lasting({v.ready[0]: "original-missing"})


@damage
def an_original_renamed(v: Volume) -> Said:
    path = v.original(v.ready[0])
    aside = path.with_name("IMG 1\n.PNG")
    path.rename(aside)
    return Said({v.ready[0]: "exchanged", v.place(aside).replace("\n", "\\n"): "stray-file"})


@damage
def a_link_in_the_place_of_an_original(v: Volume) -> Said:
    path = v.original(v.ready[0])
    path.unlink()
    path.symlink_to("/etc/hostname")
    return lasting({v.ready[0]: "original-missing"})


@damage
def a_pipe_in_the_place_of_an_original(v: Volume) -> Said:
    path = v.original(v.ready[0])
    path.unlink()
    os.mkfifo(path)
    return lasting({v.ready[0]: "original-missing"})
