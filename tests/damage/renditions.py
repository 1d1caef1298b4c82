"""Damaged, lost and exchanged renditions."""

from __future__ import annotations

from tests.damage.volume import Said, Volume, damage, exchange, flip


@damage
def a_byte_flipped_in_a_rendition(v: Volume) -> Said:
    flip(v.layout.rendition(v.ready[0], "view"))
    return Said({v.ready[0]: "rendition-broken"})


@damage
def a_rendition_of_release_0_1_turned_to_zeroes(v: Volume) -> Said:
    raw = v.record(v.ready[0])
    for info in raw["renditions"].values():
        del info["sha256"]
    v.rewrite(v.ready[0], **raw)
    path = v.layout.rendition(v.ready[0], "view")
    path.write_bytes(bytes(path.stat().st_size))
    return Said({v.ready[0]: "rendition-broken"})


@damage
def the_renditions_of_two_images_exchanged(v: Volume) -> Said:
    exchange(*(v.layout.rendition(image_id, "grid") for image_id in v.ready[:2]))
    return Said(dict.fromkeys(v.ready[:2], "rendition-broken"))


@damage
def a_rendition_removed_and_one_that_is_a_link(v: Volume) -> Said:
    v.layout.rendition(v.ready[0], "grid").unlink()
    path = v.layout.rendition(v.ready[1], "view")
    path.rename(v.layout.root.parent / "elsewhere.webp")
    path.symlink_to(v.layout.root.parent / "elsewhere.webp")
    return Said(dict.fromkeys(v.ready[:2], "rendition-broken"))
