"""What is on a volume before and after, and what of it a repair may change."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from pipeline.store.checks.violation import Violation
from pipeline.volume.layout import RECORD, is_day
from tests.damage.volume import Said

_KIND = b"a kind of "


def contents(root: Path) -> dict[str, bytes]:
    """All that is on a volume: bytes of files, and of what is no file its kind."""
    found = {}
    for path in sorted(root.rglob("*")):
        kind = path.lstat().st_mode
        place = str(path.relative_to(root))
        if stat.S_ISREG(kind):
            found[place] = path.read_bytes()
        else:
            target = os.fsencode(path.readlink()) if stat.S_ISLNK(kind) else b""
            found[place] = _KIND + oct(stat.S_IFMT(kind)).encode() + target
    return found


def pairs(said: Mapping[str, str | tuple[str, ...]]) -> list[tuple[str, str]]:
    return sorted((w, code) for w, codes in said.items() for code in ([codes] if isinstance(codes, str) else codes))


def named(found: list[Violation]) -> list[tuple[str, str]]:
    return sorted((violation.where, violation.code) for violation in found)


def names_in(place: str) -> set[str]:
    """The ids and hashes in a path."""
    return {part for part in place.replace(".", "/").split("/") if len(part) >= 36}


def is_kept(place: str) -> bool:
    """Whether nothing may vanish from here: an image's own files but for its record, and what is none of ours."""
    top, name = place.split("/")[0], place.split("/")[-1]
    if top in ("pending", "failed", "hashes", "incoming", "locks") or (top == "days" and is_day(name)):
        return False
    return name != RECORD and not name.endswith(".tmp")


def nothing_is_worse(before: dict[str, bytes], after: dict[str, bytes], said: Said) -> None:
    """No bytes are gone but those of records, markers and leftovers, and nothing has changed but what was named."""
    former = {place for place, code in said.found.items() if code == "rendition-former"}
    before = {place: data for place, data in before.items() if place not in former}
    copies = tuple(f"{where}/" for where, codes in said.found.items() if codes == "trash-copy")
    kept = Counter(
        data
        for place, data in before.items()
        if is_kept(place) and not data.startswith(_KIND) and not place.startswith(copies)
    )
    assert not kept - Counter(after.values()), "bytes are gone"
    assert {data for place, data in before.items() if place.startswith(copies)} <= {*after.values()}
    changed = {place for place in before.keys() & after.keys() if before[place] != after[place]}
    gone = {place for place in before.keys() - after.keys() if is_kept(place) and not before[place].startswith(_KIND)}
    named = {name for where in said.found for name in names_in(where)}
    for place in changed | gone:
        assert named & names_in(place), f"{place} was not named"
    if said.found == said.left:
        new = {place for place in after.keys() - before.keys() if not place.startswith("locks/")}
        assert not (new | changed | gone), "nothing could be repaired, and something was changed"
