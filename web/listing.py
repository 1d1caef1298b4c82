"""Lists and searches images: from the index if it is complete, else from the folders, as far as they can answer."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import cast

from flask import current_app

from pipeline.errors import IndexNotReady
from pipeline.records import Record
from pipeline.store import Day, DayCounts, Store
from web.counting import CountingThread
from web.index import Index, IndexProgress, Query, Sort, Unusable
from web.live.feed import Feed


@dataclass(frozen=True, slots=True)
class ListingPage:
    """A page of records; `next` is where the next page begins, `events` the event to listen after. `complete` is false
    if there is no complete index, and the folders answered."""

    records: list[Record]
    next: str | None
    complete: bool
    events: str | None


class Listing:
    """Pages, ids and days. Raises `IndexNotReady` if only an index can answer, and the volume's named errors."""

    def __init__(self, store: Store, index: Index, feed: Feed) -> None:
        self._store = store
        self._index = index
        self._feed = feed
        self._counting = CountingThread(DayCounts(store.layout.images))

    def page(self, query: Query, limit: int) -> ListingPage:
        """Up to `limit` records."""
        position = self._feed.position()
        try:
            found = self._index.page(query, limit)
        except Unusable:
            found = None
        # An index that has applied no event cannot say where to listen from; the folders are read after `position`.
        if found and (found.events or position is None or query.needs_index):
            place = found.next and found.next.to_text()
            return ListingPage(found.records, place, complete=True, events=position and found.events)
        return self._walk(query, limit, position)

    def _walk(self, query: Query, limit: int, position: str | None) -> ListingPage:
        if query.needs_index:
            raise self._not_ready()
        before = query.before.id if query.before else None
        if query.after:
            page = self._store.page_after(query.after.id, before, limit, query.state)
        else:
            page = self._store.page(before, limit, query.state)
        return ListingPage(page.records, page.next, complete=False, events=position)

    def _not_ready(self) -> IndexNotReady:
        return IndexNotReady(self.progress().images)

    def progress(self) -> IndexProgress:
        """How much of the index is built."""
        return self._index.progress()

    def ids(self, query: Query, limit: int) -> tuple[list[str], str | None]:
        """Up to `limit` ids, and where the next page begins."""
        try:
            found, place = self._index.ids(query, limit)
        except Unusable:
            if query.needs_index:
                raise self._not_ready() from None
            before = query.before.id if query.before else None
            if query.after:
                walk = self._store.ids_after(query.after.id, before, query.state)
            else:
                walk = self._store.ids(before, query.state)
            found = list(islice(walk, limit + 1))
            return found[:limit], found[limit - 1] if len(found) > limit else None
        return found, place and place.to_text()

    def days(self, sort: Sort, *, marks: bool) -> tuple[list[Day], bool]:
        """The days in a sort order, newest first, and whether all are counted."""
        try:
            return self._index.days(sort, marks=marks), True
        except Unusable:
            if sort is Sort.TAKEN:
                raise self._not_ready() from None
            return self._counting.ask()


def listing() -> Listing:
    """The listing of the running app."""
    return cast(Listing, current_app.extensions["listing"])
