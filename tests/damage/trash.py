"""Damage to what was deleted and can still be restored."""

from __future__ import annotations

import shutil

from tests.damage.volume import Said, Volume, damage, flip, lasting


def _delete(v: Volume, image_id: str) -> str:
    """Delete an image; returns its place in the trash."""
    v.store.delete(image_id)
    return v.place(v.layout.trashed(image_id))


@damage
def a_deleted_image_restored_from_a_backup(v: Volume) -> Said:
    image = v.layout.image(v.ready[0])
    shutil.copytree(image, v.layout.root / "redis")
    where = _delete(v, v.ready[0])
    image.parent.mkdir(parents=True, exist_ok=True)
    (v.layout.root / "redis").rename(image)
    return Said({where: "trash-copy"})


@damage
def a_deleted_image_restored_from_a_damaged_backup(v: Volume) -> Said:
    said = a_deleted_image_restored_from_a_backup(v)
    flip(v.original(v.ready[0]))
    return Said({**said.found, v.ready[0]: "original-damaged"}, {**said.found, v.ready[0]: "original-damaged"})


@damage
def a_deleted_image_moved_back_by_hand(v: Volume) -> Said:
    image = v.layout.image(v.waiting)
    v.store.delete(v.waiting)
    image.parent.mkdir(parents=True, exist_ok=True)
    v.layout.trashed(v.waiting).rename(image)
    return Said({v.waiting: "pending-unmarked"})


@damage
def a_deleted_record_damaged(v: Volume) -> Said:
    claim = v.place(v.claim(v.ready[1]))
    where = _delete(v, v.ready[1])
    (v.layout.trashed(v.ready[1]) / "image.json").write_text("{")
    return Said({where: "trash-damaged", claim: "claim-orphan"}, {where: "trash-damaged"})


@damage
def a_deleted_original_cut_short(v: Volume) -> Said:
    where = _delete(v, v.ready[2])
    original = next(v.layout.trashed(v.ready[2]).glob("original.*"))
    original.write_bytes(original.read_bytes()[:-1])
    return lasting({where: "trash-damaged"})


@damage
def a_deleted_claim_lost(v: Volume) -> Said:
    claim = v.claim(v.ready[3])
    where = _delete(v, v.ready[3])
    claim.unlink()
    return Said({where: "trash-unclaimed"})


@damage
def what_does_not_belong_into_the_trash(v: Volume) -> Said:
    file, folder = v.layout.trash / "notes.txt", v.layout.trash / "2026"
    file.write_text("mine")
    folder.mkdir()
    return lasting({v.place(file): "stray-file", v.place(folder): "stray-folder"})
