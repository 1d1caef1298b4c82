"""`gallery regenerate`: make renditions again, or read what cameras knew, through the queue, after every waiting
upload."""

from __future__ import annotations

import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import click

from cli.progress import progress_bar, progress_over
from pipeline import span_attributes
from pipeline.errors import BadSetting, GalleryError, UnusableRecord
from pipeline.images.view_format import ViewFormat
from pipeline.logs import set_up_logs
from pipeline.queue.connection import QueueUnavailable, connect
from pipeline.queue.image_queues import ImageQueues
from pipeline.queue.lease import Lease
from pipeline.queue.regeneration import FAILED, LATER, READ_FACTS, REGENERATE, RegenerationQueue
from pipeline.settings import Settings
from pipeline.store import Store
from pipeline.store.checks.tree import images
from pipeline.store.regeneration import Which, is_in_hand, is_wanted
from pipeline.tracing import Tracer, make_tracer

_POLL_SECONDS = 0.1
_LOOK_SECONDS = 2.0
_TRIES = 3
# Jobs in the queue for each worker: renditions take a second, facts some milliseconds.
_AHEAD = {False: 2, True: 20}


@click.command()
@click.option("--missing", "which", flag_value=Which.MISSING, help="Images whose thumbnails are missing.")
@click.option("--outdated", "which", flag_value=Which.OUTDATED, default=Which.OUTDATED,
              help="Images whose thumbnails an older recipe made, or whose view is not of the format that "
                   "GALLERY_VIEW_FORMAT asks for, and missing ones (the default).")  # fmt: skip
@click.option("--all", "which", flag_value=Which.ALL, help="All images.")
@click.option("--facts", "which", flag_value=Which.FACTS,
              help="Read date, camera, lens and exposure of images whose records were written before these were read; "
                   "make no thumbnails.")  # fmt: skip
def regenerate(which: Which) -> None:
    """Make the thumbnails of ready images again, from their originals, or read what their cameras knew.

    Every image stays ready, and keeps its thumbnails until the new ones are whole. New uploads go first. The workers
    do the work; this command feeds them and waits. If stopped, run it again to continue.

    Exit status: 0 if all were made or read; 1 if some were not; 2 if the volume or Redis cannot be reached; 130 after
    Ctrl-C.
    """
    set_up_logs("regenerate")
    tracer = Tracer()
    try:
        settings = Settings.from_environment()
        store = Store(settings)
        ids, damaged = select(store, which := Which(which), settings.view_format)
        lease = Lease(connect(settings.redis_url, timeout=5), lambda: store.volume.id)
        lease.start()
        queue = ImageQueues(connect(settings.redis_url, timeout=5), settings.job_timeout, lease)
        tracer = make_tracer("cli", settings.otlp_endpoint)
        label = "Reading" if which is Which.FACTS else "Making again"
        with progress_bar(label, len(ids) + len(damaged)) as bar, tracer.root("gallery regenerate"):
            run = Run(store, queue, deque(ids), lambda: bar.update(1), facts=which is Which.FACTS, tracer=tracer)
            run.leave_out(damaged)
            run.work()
    except (OSError, BadSetting, GalleryError, QueueUnavailable) as error:
        click.echo(f"Stopped: {error}", err=True)
        sys.exit(2)
    finally:
        tracer.stop()
    for image_id, why in run.failures.items():
        click.echo(f"{image_id}: {why}", err=True)
    counts = ", ".join(f"{count} {word}" for word, count in sorted(run.counts.items()))
    click.echo(counts or ("Nothing to read." if which is Which.FACTS else "Nothing to make again."))
    sys.exit(1 if run.failures else 0)


def select(store: Store, which: Which, view_format: ViewFormat) -> tuple[list[str], dict[str, str]]:
    """The ids of the images to make again, oldest first; and those whose record is damaged, with what to do."""
    wanted: list[str] = []
    damaged: dict[str, str] = {}
    folders = list(images(store.volume))
    with progress_over("Looking", folders) as bar:
        for folder in bar:
            try:
                if is_wanted(store, folder.name, which, view_format):
                    wanted.append(folder.name)
            except UnusableRecord as error:
                damaged[folder.name] = str(error)
    return wanted, damaged


@dataclass(slots=True)
class Run:
    """Feeds the queue only as fast as the workers take jobs, so that uploads never wait behind many."""

    store: Store
    queue: ImageQueues
    waiting: deque[str]
    ended: Callable[[], None]
    facts: bool = False
    tracer: Tracer = field(default_factory=Tracer)
    counts: Counter[str] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)
    _in_hand: dict[str, float] = field(default_factory=dict)
    _tries: Counter[str] = field(default_factory=Counter)
    _suspects: set[str] = field(default_factory=set)
    _traces: dict[str, str] = field(default_factory=dict)

    def work(self) -> None:
        """Run until every image has an outcome; raises `QueueUnavailable`."""
        jobs = RegenerationQueue(self.queue, facts=self.facts)
        while self.waiting or self._in_hand:
            put_off = self._take(jobs)
            if not put_off:
                self._feed(jobs)
            time.sleep(_POLL_SECONDS * (5 if put_off else 1))

    def leave_out(self, damaged: Mapping[str, str]) -> None:
        """Count images that no worker can make again as failures."""
        for image_id, why in damaged.items():
            self._end(image_id, f"{FAILED}: {why}")

    def _feed(self, jobs: RegenerationQueue) -> None:
        if not self.waiting:
            return
        room = _AHEAD[self.facts] * max(1, self.queue.status().workers) - len(self._in_hand)
        while self.waiting and room > 0:
            image_id, room = self.waiting.popleft(), room - 1
            self._tries[image_id] += 1
            self._enqueue(image_id, jobs)
            self._in_hand[image_id] = time.monotonic() + _LOOK_SECONDS

    def _enqueue(self, image_id: str, jobs: RegenerationQueue) -> None:
        """Each image is a trace, with a link to that of the run, which may have a million; it goes on if its job is
        enqueued again."""
        name = f"enqueue {READ_FACTS if self.facts else REGENERATE}"
        known, begun = span_attributes.of_id(image_id), self._traces.get(image_id)
        with (
            self.tracer.span(name, kind="producer", parent=begun, attributes=known)
            if begun
            else self.tracer.root(name, kind="producer", attributes=known)
        ):
            if trace := self.tracer.traceparent:
                self._traces.setdefault(image_id, trace)
            jobs.enqueue(image_id, trace)

    def _take(self, jobs: RegenerationQueue) -> bool:
        """Record the outcomes; returns whether a job was put off because uploads wait."""
        outcomes, put_off = jobs.outcomes(self._in_hand), False
        jobs.forget(outcomes)
        for image_id, outcome in outcomes.items():
            del self._in_hand[image_id]
            if outcome == LATER:
                self._tries[image_id] -= 1
                self.waiting.appendleft(image_id)
                put_off = True
            else:
                self._end(image_id, outcome)
        self._look(jobs)
        return put_off

    def _look(self, jobs: RegenerationQueue) -> None:
        """Find lost jobs: neither queued nor running, in two checks. RQ would take minutes to notice."""
        moment = time.monotonic()
        for image_id in [i for i, due in self._in_hand.items() if due <= moment]:
            if jobs.waits(image_id) or is_in_hand(self.store, image_id):
                self._suspects.discard(image_id)
            elif image_id in self._suspects:
                self._suspects.discard(image_id)
                self._lost(image_id)
                continue
            else:
                self._suspects.add(image_id)
            self._in_hand[image_id] = moment + _LOOK_SECONDS

    def _lost(self, image_id: str) -> None:
        """The worker died or Redis lost the job: retry a few times."""
        del self._in_hand[image_id]
        if self._tries[image_id] < _TRIES:
            self.waiting.append(image_id)
        else:
            self._end(image_id, f"{FAILED}: its job was lost {_TRIES} times")

    def _end(self, image_id: str, outcome: str) -> None:
        word, _, why = outcome.partition(": ")
        self.counts[word] += 1
        self._traces.pop(image_id, None)
        if word == FAILED:
            self.failures[image_id] = why
        self.ended()
