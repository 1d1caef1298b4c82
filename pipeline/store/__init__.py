"""The volume: the one truth about which images exist and how they stand.

    incoming/<id>.<process>/  being written, or on its way out; never listed, swept when nobody holds it
    images/<day>/<minute>/<id>/
        original.<ext>        the bytes as uploaded, never changed
        image.json            the record, replaced whole
        grid.webp view.<ext>  the renditions
    images/<day>/<minute>/<id>.moving   an image that makes room while a repair puts others in their places
    trash/<id>/               deleted: the image as it was; the modification time of its folder says when
    pending/<id>              the outbox: there from acceptance until the image is ready or failed;
                              one line for each attempt begun, one for the grid, and one for its trace if those are
                              kept; executable for its owner once the grid is there; locked by the worker that has it
    failed/<id>               there while the image is failed; with the line of its trace
    hashes/<2 hex>/<sha256>   which image holds these bytes: a symbolic link to its id
    days/<day>                the records of a day in one file, to build an index from: a hint
    locks/                    one lock file per hash prefix, and the sweep's;
                              `clock` is touched to learn the moment by the volume's own clock

The folder of an image follows from its id, whose first bits are the time it was made. Every name is made by
`pipeline.volume.layout`; `signed-out/` and `volume.json` belong to others.
"""

from pipeline.store.acceptance import Accepted
from pipeline.store.attempt import Attempt
from pipeline.store.attempts import NothingToDo, ViewCanWait
from pipeline.store.day_counts import Day, DayCounts
from pipeline.store.incoming import IncomingUpload
from pipeline.store.store import Store
from pipeline.store.trash import Trashed

__all__ = [
    "Accepted",
    "Attempt",
    "Day",
    "DayCounts",
    "IncomingUpload",
    "NothingToDo",
    "Store",
    "Trashed",
    "ViewCanWait",
]
