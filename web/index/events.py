"""Changes reported by events, collected until the maintainer of the index takes them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from pipeline.queue.events import Event

_MOST = 20_000


@dataclass(slots=True)
class News:
    """Images that changed, oldest first; the last event; and whether events were lost before."""

    ids: dict[str, None] = field(default_factory=dict)
    position: str | None = None
    lost: bool = False


class EventLog:
    """Collects events from the feed's thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._news = News()
        self.position: str | None = None

    def began(self, events: list[Event], position: str) -> None:
        """The feed starts to follow after these events: earlier ones may have been lost."""
        self._add(events, position, lost=True)

    def told(self, events: list[Event]) -> None:
        """The next events."""
        self._add(events, events[-1].id, lost=any(event.is_gap for event in events))

    def _add(self, events: list[Event], position: str, *, lost: bool) -> None:
        with self._changed:
            news = self._news
            news.ids.update((event.image_id, None) for event in events if event.image_id)
            news.lost = news.lost or lost
            news.position = self.position = position
            if len(news.ids) > _MOST:  # nobody takes them, or comparing everything is quicker
                self._news = News(position=position, lost=True)
            self._changed.notify_all()

    def take(self, seconds: float) -> News:
        """The changes since the last call; waits up to so many seconds for one."""
        with self._changed:
            self._changed.wait_for(lambda: self._news.position is not None, max(0.0, seconds))
            news, self._news = self._news, News()
            return news
