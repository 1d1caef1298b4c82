"""The lease of a Redis database: one volume holds it, and each of its processes renews it.

Two galleries in one database would take each other's jobs and receive each other's events. The volume's id in
`gallery:volume` says which of them the database serves; the other one treats it as unavailable.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog
from redis import Redis
from redis.exceptions import RedisError

from pipeline.errors import GalleryError
from pipeline.queue.connection import HeldByAnother, QueueUnavailable
from pipeline.threads import keep_running

KEY = "gallery:volume"
LEASE_SECONDS = 60

_RENEW_SECONDS = 5.0
_RETRY_SECONDS = 1.0
# Clocks run at slightly different speeds, here and in Redis.
_MARGIN_SECONDS = 5.0
# After a FLUSHALL the former holder should get the database back: each of its processes renews within this time.
_PATIENCE_SECONDS = 15.0

# Returns the holder, or nothing. Arguments: our id, the lease in milliseconds, whether to take a free database.
_CLAIM = """
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'string' and kind ~= 'none' then redis.call('DEL', KEYS[1]) end
local holder = redis.call('GET', KEYS[1])
if holder == ARGV[1] or (not holder and ARGV[3] == '1') then
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
    return ARGV[1]
end
if holder and redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return holder or ''
"""

_log = structlog.get_logger()


class Lease:
    """The lease as a process sees it. Thread-safe.

    Asking costs no Redis command: the last answer, renewed by a thread of its own, counts as long as the lease does.
    """

    def __init__(self, connection: Redis, read_id: Callable[[], str]) -> None:
        self._connection = connection
        self._claim = connection.register_script(_CLAIM)
        self._read_id = read_id
        self._id = ""
        self._held_until = float("-inf")
        self._anothers = False
        self._free_since: float | None = None
        self._why = "Redis does not answer"
        self._callbacks: list[Callable[[Redis], None]] = []
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    @property
    def volume_id(self) -> str:
        """The id of our volume; empty until it could be read, but never while the lease is held."""
        return self._id

    @property
    def held(self) -> bool:
        """Whether Redis serves this volume."""
        return time.monotonic() < self._held_until

    @property
    def held_by_another(self) -> bool:
        """Whether Redis served another volume when it last answered."""
        return self._anothers

    def require(self) -> None:
        """Raise `HeldByAnother`, or another `QueueUnavailable`, unless Redis serves this volume."""
        if self.held:
            return
        if self._anothers:
            raise HeldByAnother
        raise QueueUnavailable(self._why)

    def after_each_renewal(self, callback: Callable[[Redis], None]) -> None:
        """Have the lease's thread run `callback` with its connection after each of its renewals."""
        self._callbacks.append(callback)

    def start(self) -> None:
        """Claim the database, and renew the lease in a thread of its own."""
        self.renew()
        keep_running("lease", self._run)

    def stop(self) -> None:
        """End the thread, and let the lease lapse: other processes of this volume hold it too."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(_RENEW_SECONDS if self.held or self._anothers else _RETRY_SECONDS):
            if self.renew():
                for callback in self._callbacks:
                    callback(self._connection)

    def renew(self) -> bool:
        """Claim or renew the lease once, and return whether that worked. If Redis or the volume does not answer,
        nothing changes."""
        with self._lock:
            try:
                self._id = self._id or self._read_id()
                asked_at = time.monotonic()
                may_take = not self._anothers or self._is_abandoned(asked_at)
                holder = self._claim(keys=[KEY], args=[self._id, LEASE_SECONDS * 1000, int(may_take)])
            except (RedisError, OSError, GalleryError) as error:
                self._why = str(error) or "the volume has no id yet"
                return False
            self._heard(holder.decode(errors="replace"), asked_at)
            return self.held

    def _is_abandoned(self, moment: float) -> bool:
        """Whether the lease has been free for so long that its former holder must be gone."""
        return self._free_since is not None and moment - self._free_since >= _PATIENCE_SECONDS

    def _heard(self, holder: str, asked_at: float) -> None:
        if not holder:
            self._free_since = self._free_since or asked_at
            return
        self._free_since = None
        if holder == self._id:
            self._held_until = asked_at + LEASE_SECONDS - _MARGIN_SECONDS
            if self._anothers:
                _log.info("the other gallery left this Redis database: it is ours now", volume=self._id)
            self._anothers = False
            return
        self._held_until = float("-inf")
        if not self._anothers:
            _log.error(str(HeldByAnother()), volume=self._id, held_by=holder[:80])
        self._anothers = True
