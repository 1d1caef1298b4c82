"""Image folders, records and originals that were exchanged, moved or copied."""

from __future__ import annotations

import shutil

from tests.damage.volume import Said, Volume, damage, exchange, flip, lasting


@damage
def two_folders_exchanged(v: Volume) -> Said:
    exchange(v.layout.image(v.ready[0]), v.layout.image(v.waiting))
    return Said({v.ready[0]: "exchanged", v.waiting: "exchanged"})


@damage
def three_folders_exchanged_in_a_circle(v: Volume) -> Said:
    exchange(*map(v.layout.image, v.ready[:3]))
    return Said(dict.fromkeys(v.ready[:3], "exchanged"))


@damage
def two_circles_and_a_chain(v: Volume) -> Said:
    exchange(*map(v.layout.image, v.ready[:2]))
    exchange(*map(v.layout.image, v.ready[2:4]))
    shutil.rmtree(v.layout.image(v.failed))
    v.layout.image(v.ready[5]).rename(v.layout.image(v.failed))
    v.layout.image(v.ready[4]).rename(v.layout.image(v.ready[5]))
    return Said(
        dict.fromkeys([*v.ready[:4], v.ready[5], v.failed], "exchanged")
        | {v.place(v.layout.bucket(v.ready[4])): "empty-folder"}
    )


@damage
def an_image_under_the_name_of_one_that_was_deleted(v: Volume) -> Said:
    other = v.ready[1]
    v.store.delete(other)
    v.layout.image(v.ready[0]).rename(v.layout.image(other))
    return Said({other: "exchanged"})


@damage
def two_exchanged_one_of_them_damaged(v: Volume) -> Said:
    flip(v.original(v.ready[0]))
    exchange(v.layout.image(v.ready[0]), v.layout.image(v.ready[1]))
    return Said({v.ready[0]: "exchanged", v.ready[1]: "exchanged"}, {v.ready[0]: "original-damaged"})


@damage
def two_records_exchanged(v: Volume) -> Said:
    exchange(*map(v.layout.record, v.ready[:2]))
    return Said(dict.fromkeys(v.ready[:2], "exchanged"))


@damage
def two_originals_exchanged(v: Volume) -> Said:
    exchange(*map(v.original, v.ready[:2]))
    return Said(dict.fromkeys(v.ready[:2], "exchanged"))


@damage
def two_days_exchanged(v: Volume) -> Said:
    day, other = (v.layout.bucket(image_id).parent for image_id in (v.ready[0], v.ready[5]))
    before = [path.relative_to(day) for path in day.glob("*/*")]
    others = [path.relative_to(other) for path in other.glob("*/*")]
    exchange(day, other)
    moved = [v.place(other / path) for path in before] + [v.place(day / path) for path in others]
    return Said(dict.fromkeys(moved, "misplaced"))


@damage
def a_day_under_another_name(v: Volume) -> Said:
    day = v.layout.bucket(v.ready[0]).parent
    moved = [path.relative_to(day) for path in day.glob("*/*")]
    day.rename(day.with_name(f"{day.name}.old"))
    return Said({v.place(day.with_name(f"{day.name}.old") / path): "misplaced" for path in moved})


@damage
def an_image_in_another_minute(v: Volume) -> Said:
    place = v.layout.bucket(v.ready[5]) / v.ready[0]
    v.layout.image(v.ready[0]).rename(place)
    return Said({v.place(place): "misplaced"})


@damage
def an_image_among_the_uploads(v: Volume) -> Said:
    v.layout.image(v.ready[0]).rename(v.layout.incoming / v.ready[0])
    return Said({f"incoming/{v.ready[0]}": "misplaced"})


@damage
def a_repair_cut_short(v: Volume) -> Said:
    one, other = v.ready[:2]
    v.layout.image(one).rename(v.layout.moving(one))
    v.layout.image(other).rename(v.layout.image(one))
    return Said({v.place(v.layout.moving(one)): "half-moved", one: "exchanged"})


@damage
def a_copied_day(v: Volume) -> Said:
    day = v.layout.bucket(v.ready[0]).parent
    shutil.copytree(day, day.with_name(f"{day.name}.bak"))
    return lasting({v.place(day.with_name(f"{day.name}.bak")): "stray-folder"})


@damage
def a_copy_of_what_was_deleted_since(v: Volume) -> Said:
    day = v.layout.bucket(v.ready[0]).parent
    shutil.copytree(day, day.with_name("2001-01-01"))
    gone = [path.name for path in day.glob("*/*")]
    copies = [day.with_name("2001-01-01") / v.layout.bucket(image_id).name / image_id for image_id in gone]
    for image_id in gone:
        v.store.delete(image_id)
    return lasting({v.place(copy): "stray-folder" for copy in copies})


@damage
def a_folder_copied_under_a_new_name(v: Volume) -> Said:
    # an id of the same minute
    other = v.ready[0][:-4] + ("ffff" if not v.ready[0].endswith("ffff") else "0000")
    shutil.copytree(v.layout.image(v.ready[0]), v.layout.image(other))
    return lasting({other: "copy"})


@damage
def a_record_overwritten_by_that_of_another(v: Volume) -> Said:
    shutil.copy(v.layout.record(v.ready[0]), v.layout.record(v.ready[1]))
    return Said({v.ready[1]: "record-foreign"})
