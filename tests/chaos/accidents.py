"""Everything that may happen to the processes, to Redis and to the volume, each with its undoing."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress

from redis import Redis

from tests.product import Gallery, answers, renderers, until

WORKERS = 2


class Accidents:
    """Accidents by chance; `webs` maps the names of the web processes to their ports."""

    def __init__(self, gallery: Gallery, webs: Mapping[str, int], chance: random.Random) -> None:
        self._gallery, self._webs, self._random = gallery, webs, chance
        self.count: Counter[str] = Counter()
        self._kinds: list[Callable[[], None]] = [
            self.worker_killed, self.worker_killed, self.renderer_killed, self.worker_told_to_stop,
            self.worker_frozen, self.web_killed, self.web_restarted, self.web_reloaded, self.web_frozen,
            self.redis_killed, self.redis_frozen, self.redis_flushed, self.views_lost, self.volume_filled,
        ]  # fmt: skip

    def happen(self) -> None:
        kind = self._random.choice(self._kinds)
        self.count[kind.__name__] += 1
        kind()

    def _pause(self, most: float) -> None:
        time.sleep(self._random.uniform(0.1, most))

    def _worker(self) -> str:
        return f"worker.{self._random.randint(1, WORKERS)}"

    def _web(self) -> str:
        return self._random.choice(sorted(self._webs))

    def _restart(self, name: str, module: str, how: signal.Signals) -> None:
        self._gallery.stop(name, how)
        self._pause(2)
        self._gallery.start(name, module)

    def _restart_web(self, name: str, how: signal.Signals, **environ: str) -> None:
        self._gallery.stop(name, how)
        self._pause(2)
        self._gallery.start(name, "web", GALLERY_PORT=str(self._webs[name]), **environ)

    def _freeze(self, name: str) -> None:
        group = self._gallery.processes[name].pid
        os.killpg(group, signal.SIGSTOP)
        self._pause(4)
        os.killpg(group, signal.SIGCONT)

    def worker_killed(self) -> None:
        self._restart(self._worker(), "worker", signal.SIGKILL)

    def worker_told_to_stop(self) -> None:
        self._restart(self._worker(), "worker", signal.SIGTERM)

    def worker_frozen(self) -> None:
        self._freeze(self._worker())

    def renderer_killed(self) -> None:
        for pid in renderers(self._gallery, self._worker()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def web_killed(self) -> None:
        self._restart_web(self._web(), signal.SIGKILL)

    def web_restarted(self) -> None:
        self._restart_web(self._web(), signal.SIGTERM)

    def web_reloaded(self) -> None:
        name = self._web()
        until(lambda: answers(self._webs[name]), 60)  # this signal ends a process that is not up yet
        self._gallery.processes[name].send_signal(signal.SIGHUP)

    def web_frozen(self) -> None:
        self._freeze(self._web())

    def redis_killed(self) -> None:
        self._restart("redis", "launcher.redis", signal.SIGKILL)

    def redis_frozen(self) -> None:
        self._freeze("redis")

    def redis_flushed(self) -> None:
        with suppress(Exception), Redis.from_url(self._gallery.environ["REDIS_URL"], socket_timeout=5) as redis:
            redis.flushall()

    def views_lost(self) -> None:
        """Of what waits between its two passes Redis keeps the jobs and forgets the queue."""
        with suppress(Exception), Redis.from_url(self._gallery.environ["REDIS_URL"], socket_timeout=5) as redis:
            redis.delete("rq:queue:views")

    def volume_filled(self) -> None:
        """Fill a mounted volume to the last byte; otherwise let a web believe that the reserve is all that is left."""
        if not os.path.ismount(self._gallery.data):
            name = self._web()
            self._restart_web(name, signal.SIGTERM, GALLERY_RESERVE_MB=str(1024 * 1024))
            self._pause(3)
            self._restart_web(name, signal.SIGTERM)
            return
        filler = self._gallery.data / "filler"
        with suppress(OSError), filler.open("wb") as file:
            while True:
                file.write(bytes(1024 * 1024))
        self._pause(4)
        filler.unlink(missing_ok=True)
