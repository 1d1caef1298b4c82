"""The index that answers pages, counts and searches. It is never the truth.

One SQLite database per volume, below `GALLERY_CACHE`, shared by the web processes of one machine: whichever answers
next must know what another has just changed. One process, the maintainer, builds it from the volume and follows events
and folders. Every process writes its own changes into it before it answers. An index that is damaged, deleted, or of
another volume is discarded and rebuilt; meanwhile pages are read from the folders.
"""

from web.index.database import Unusable
from web.index.index import Index
from web.index.query import Position, Query, Sort, day_of
from web.index.rows import fold
from web.index.select import IndexProgress
from web.index.statements import LEAST_CHARACTERS

__all__ = ["LEAST_CHARACTERS", "Index", "IndexProgress", "Position", "Query", "Sort", "Unusable", "day_of", "fold"]
