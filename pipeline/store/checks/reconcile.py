"""Image folders, records and originals that were swapped, moved or copied.

The folder's name says which image it should be, the record which it is, and the record's hash which bytes belong to
it. From these three follows what to move where. Nothing that stays is ever replaced.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from pipeline.ids import is_id
from pipeline.store.checks.alone import alone
from pipeline.store.checks.disk import is_claimed, read_record
from pipeline.store.checks.suspect import Suspect, suspects_of
from pipeline.store.checks.violation import Repair, Violation, printable
from pipeline.store.moves import moves_of
from pipeline.store.record_repairs import put_records
from pipeline.volume.layout import MOVING, RECORD
from pipeline.volume.volume import Volume

CODES = frozenset(
    {"record-damaged", "record-foreign", "original-missing", "original-damaged", "misplaced", "half-moved"}
)
"""What may come of an exchange: such violations are looked at together."""


_ORPHANS = frozenset({"marker-orphan", "failure-orphan", "claim-orphan"})


def reconcile(volume: Volume, found: list[Violation]) -> list[Violation]:
    """The same violations with their repairs: renames if things were swapped, else one by one."""
    loose = {v.folder: v for v in found if v.code in CODES and v.folder is not None}
    suspects = suspects_of(volume, loose.keys())
    elsewhere = {volume.layout.image(one.record.id) for one in suspects if one.record and is_id(one.record.id)}
    said: dict[Path, list[Violation]] = {}
    for plan in (_folders, _records, _originals):
        for one, sentence, repair in plan(volume, suspects):
            violation = loose[one.folder]
            code = violation.code if violation.code in ("misplaced", "half-moved") else "exchanged"
            said[one.folder] = [replace(violation, code=code, sentence=sentence, repair=repair)]
        suspects = [one for one in suspects if one.folder not in said]
    for one in suspects:
        said[one.folder] = list(alone(volume, one, loose[one.folder]))
    repaired = {folder for folder, violations in said.items() if any(v.repair for v in violations)}

    def is_consequence(v: Violation) -> bool:
        return (v.code in _ORPHANS and v.folder in elsewhere) or (v.code == "claim-wrong" and v.folder in repaired)

    return [
        again
        for v in found
        if not is_consequence(v)
        for again in (said.pop(v.folder, []) if v.folder in loose and v.code in CODES else [v])
    ]


_Plan = list[tuple[Suspect, str, Repair]]


def _folders(volume: Volume, suspects: list[Suspect]) -> _Plan:
    """Folders that hold a complete other image, or are in the wrong place."""
    layout = volume.layout
    wanted, by_folder = {}, {one.folder: one for one in suspects}
    for one in suspects:
        if one.record is None or one.record.is_newer or not is_id(one.record.id):
            continue
        home = layout.image(one.record.id)
        # bytes that the folder's own image does not claim are not its own
        of_another = bool(one.claimed) and not one.has_its_bytes
        if one.folder != home and (one.is_whole or not one.is_strange or of_another):
            wanted[one.folder] = home

    def is_free(source: Path, target: Path) -> bool:
        record = by_folder[source].record
        assert record is not None
        empty = not os.path.lexists(target) or (target.is_dir() and not os.listdir(target))
        # without a claim it may have been deleted, and this be a copy of it
        ours = source.name.endswith(MOVING) or is_claimed(volume, record)
        return empty and ours

    found = moves_of(wanted, layout.images, is_free=is_free, hold=lambda _, target: layout.moving(target.name))
    return [
        (by_folder[source], f"It holds the image that belongs in {printable(target, layout.root)}.", moves)
        for moves in found
        for source, target in moves.steps
    ]


def _records(volume: Volume, suspects: list[Suspect]) -> _Plan:
    """Folders whose own record is elsewhere: in another folder, or beside it under the temporary name it was written
    with."""
    fitting: dict[Path, tuple[Suspect, Path, bytes]] = {}
    for one in suspects:
        if one.record is not None and not one.is_strange:
            continue
        places = [*one.left.items(), *((o.folder / RECORD, o.record) for o in suspects if o is not one and o.record)]
        for place, record in places:
            right = record.id == one.image_id and not record.is_newer
            if right and one.hashes.get(one.folder / record.original) == record.sha256:
                fitting[one.folder] = (one, place, place.read_bytes())
                break
    targets = {one.image_id for one, _, _ in fitting.values()}
    safe = {
        folder: (one, data)
        for folder, (one, _, data) in fitting.items()
        if one.record is None or one.record.id in targets or _is_at_home(volume, one.record.id, suspects)
    }
    repair = put_records({folder / RECORD: data for folder, (_, data) in safe.items()})
    return [(one, "Its record is not in its place, and was found elsewhere.", repair) for one, _ in safe.values()]


def _is_at_home(volume: Volume, image_id: str, suspects: Iterable[Suspect]) -> bool:
    """Whether an image has its record in its own folder: another copy of that may be given up."""
    if not is_id(image_id) or any(one.image_id == image_id for one in suspects):
        return False
    try:
        return read_record(volume.layout.record(image_id)).id == image_id
    except (OSError, ValueError):
        return False


def _originals(volume: Volume, suspects: list[Suspect]) -> _Plan:
    """Images whose bytes are elsewhere: under another name beside the record, or in another folder."""
    places: dict[str, list[Path]] = {}
    for one in suspects:
        for path, digest in one.hashes.items():
            if not (one.is_whole and path == one.original):
                places.setdefault(digest, []).append(path)
    wanted: dict[Path, Path] = {}
    by_target: dict[Path, Suspect] = {}
    for one in suspects:
        if one.record is None or one.is_strange or one.is_whole or one.original is None:
            continue
        for path in places.get(one.record.sha256, []):
            if path not in wanted:
                wanted[path], by_target[one.original] = one.original, one
                break
    found = moves_of(
        wanted,
        volume.layout.images,
        is_free=lambda _, target: not os.path.lexists(target),
        hold=lambda _, target: target.with_name(f"{target.name}.moving"),
    )
    return [
        (by_target[target], f"Its original is in another place: {printable(source, volume.layout.root)}.", moves)
        for moves in found
        for source, target in moves.steps
    ]
