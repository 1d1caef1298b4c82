"""Damaged, lost and strange records."""

from __future__ import annotations

import os

from tests.damage.volume import Said, Volume, damage, flip, lasting


@damage
def a_record_cut_short(v: Volume) -> Said:
    path = v.layout.record(v.ready[0])
    path.write_bytes(path.read_bytes()[:70])
    return Said({v.ready[0]: "record-damaged"})


@damage
def a_record_removed(v: Volume) -> Said:
    v.layout.record(v.ready[0]).unlink()
    return Said({v.ready[0]: "record-damaged"})


@damage
def a_record_of_zeroes_as_a_power_loss_leaves_it(v: Volume) -> Said:
    path = v.layout.record(v.waiting)
    path.write_bytes(bytes(path.stat().st_size))
    return Said({v.waiting: "record-damaged"})


@damage
def a_record_grown_beyond_measure(v: Volume) -> Said:
    with v.layout.record(v.ready[0]).open("ab") as file:
        file.truncate(2**21)
    return Said({v.ready[0]: "record-damaged"})


@damage
def a_pipe_in_the_place_of_a_record(v: Volume) -> Said:
    v.layout.record(v.ready[0]).unlink()
    os.mkfifo(v.layout.record(v.ready[0]))
    return Said({v.ready[0]: "record-damaged"})


@damage
def a_link_in_the_place_of_a_record(v: Volume) -> Said:
    path = v.layout.record(v.ready[0])
    path.unlink()
    path.symlink_to(v.layout.record(v.ready[1]))
    return Said({v.ready[0]: "record-damaged"})


@damage
def a_record_lost_and_its_original_no_picture(v: Volume) -> Said:
    v.layout.record(v.ready[0]).unlink()
    v.original(v.ready[0]).write_bytes(b"no picture")
    return lasting({v.ready[0]: "record-damaged"})


@damage
def a_record_lost_with_its_original(v: Volume) -> Said:
    v.layout.record(v.ready[0]).unlink()
    v.original(v.ready[0]).unlink()
    return lasting({v.ready[0]: "record-damaged"})


@damage
def a_record_and_its_original_damaged(v: Volume) -> Said:
    flip(v.original(v.ready[0]))
    v.layout.record(v.ready[0]).write_bytes(b"{}")
    return Said({v.ready[0]: ("record-damaged", "original-damaged")}, {v.ready[0]: "original-damaged"})


@damage
def a_record_lost_while_it_was_replaced(v: Volume) -> Said:
    path = v.layout.record(v.ready[0])
    path.rename(path.with_name(".image.json.0badcafe.tmp"))
    return Said({v.ready[0]: "exchanged"})


@damage
def a_record_of_a_newer_release(v: Volume) -> Said:
    v.rewrite(v.ready[0], state="archived", shelf=4)
    v.rewrite(v.ready[1], version=9)
    v.rewrite(v.waiting, version=9)
    return lasting(dict.fromkeys((v.ready[0], v.ready[1], v.waiting), "newer-release"))


@damage
def a_record_with_another_hash_than_claim_and_original(v: Volume) -> Said:
    v.rewrite(v.ready[0], sha256="0" * 64, bytes=7)
    return Said({v.ready[0]: "record-wrong"})
