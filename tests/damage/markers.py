"""Wrong states, markers, claims and uploads."""

from __future__ import annotations

import os
import shutil

from pipeline.ids import new_id
from tests.damage.volume import Said, Volume, damage, flip, lasting


@damage
def a_marker_lost(v: Volume) -> Said:
    v.layout.marker(v.waiting).unlink()
    return Said({v.waiting: "pending-unmarked"})


@damage
def a_marker_that_is_a_folder(v: Volume) -> Said:
    v.layout.marker(v.waiting).unlink()
    v.layout.marker(v.waiting).mkdir()
    return Said({f"pending/{v.waiting}": "not-a-file", v.waiting: "pending-unmarked"})


@damage
def a_marker_of_an_image_that_is_ready(v: Volume) -> Said:
    v.layout.marker(v.ready[0]).write_bytes(b"5\n[]\n\xff\xfe{}\n")
    return Said({v.ready[0]: "ended-marked"})


@damage
def a_failure_that_is_not_listed_and_one_that_is_none(v: Volume) -> Said:
    v.layout.failure(v.failed).unlink()
    v.layout.failure(v.ready[0]).touch()
    return Said({v.failed: "failed-unmarked", v.ready[0]: "failure-stale"})


@damage
def orphans_stamped_long_ago(v: Volume) -> Said:
    return _orphans(v, 1.0)


@damage
def orphans_stamped_in_the_future(v: Volume) -> Said:
    return _orphans(v, 4e9)


def _orphans(v: Volume, stamp: float) -> Said:
    gone = [new_id() for _ in range(5)]
    v.layout.marker(gone[0]).touch()
    v.layout.failure(gone[1]).touch()
    drafts = [v.layout.upload(gone[2], "deadbeef"), v.layout.incoming / gone[4]]
    for draft in drafts:
        draft.mkdir()
        (draft / "original.png").write_bytes(b"half")
    v.layout.leaving(gone[3]).mkdir()
    places = {
        v.layout.marker(gone[0]): "marker-orphan",
        v.layout.failure(gone[1]): "failure-orphan",
        **dict.fromkeys(drafts, "draft-abandoned"),
        v.layout.leaving(gone[3]): "half-deleted",
    }
    for path in (*places, *(draft / "original.png" for draft in drafts)):
        os.utime(path, (stamp, stamp))
    return Said({v.place(path): code for path, code in places.items()})


@damage
def a_deleted_folder_of_an_image_that_is_there(v: Volume) -> Said:
    shutil.copytree(v.layout.image(v.waiting), v.layout.leaving(v.waiting))
    return Said({f"incoming/{v.waiting}.deleted": "half-deleted"})


@damage
def a_copy_of_an_image_among_the_uploads(v: Volume) -> Said:
    shutil.copytree(v.layout.image(v.failed), v.layout.incoming / v.failed)
    return lasting({f"incoming/{v.failed}": "stray-folder"})


@damage
def claims_lost(v: Volume) -> Said:
    shutil.rmtree(v.layout.hashes)
    return Said({"hashes": "folder-missing"} | dict.fromkeys([*v.ready, v.waiting, v.failed], "claim-missing"))


@damage
def claims_of_nobody(v: Volume) -> Said:
    claims = {v.layout.claim(digit * 64): target for digit, target in zip("ab", (new_id(), "../../etc"), strict=True)}
    for path, target in claims.items():
        path.parent.mkdir(exist_ok=True)
        path.symlink_to(target)
    return Said({v.place(path): "claim-orphan" for path in claims})


@damage
def a_claim_on_the_bytes_of_others(v: Volume) -> Said:
    path = v.claim(v.ready[0])
    path.unlink()
    path.symlink_to(v.ready[1])
    return Said({v.place(path): "claim-wrong", v.ready[0]: "claim-missing"})


@damage
def a_claim_on_other_bytes_by_a_damaged_image(v: Volume) -> Said:
    path = v.layout.claim("a" * 64)
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(v.ready[1])
    flip(v.original(v.ready[1]))
    return lasting({v.place(path): "claim-wrong", v.ready[1]: "original-damaged"})


@damage
def a_claim_of_release_0_1(v: Volume) -> Said:
    sha256 = v.record(v.ready[0])["sha256"]
    v.claim(v.ready[0]).unlink()
    former = v.layout.former_claims(sha256)
    former.mkdir()
    (former / f"{sha256}.{v.ready[0]}").touch()
    return Said({})


@damage
def the_same_picture_twice(v: Volume) -> Said:
    twin = v.ready[0][:-4] + ("ffff" if not v.ready[0].endswith("ffff") else "0000")
    shutil.copytree(v.layout.image(v.ready[0]), v.layout.image(twin))
    v.rewrite(twin, id=twin)
    return lasting({twin: "double"})
