"""Which job a worker takes next: first pictures before views, and a view that has waited long before all.

Among first pictures the newest goes first, because it is at the top of the gallery; every fourth is the oldest, so that
steady uploads starve none.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from redis import Redis
from rq.job import Job

PATIENCE_SECONDS = 600
"""A view that has waited this long goes first."""

SINCE = "since"
"""The key in a job's meta that holds the moment from which on it waits, in seconds by Redis's clock."""

OLDEST_EVERY = 4
"""How many first pictures a worker takes for each that is the oldest."""

# Takes a job as RQ's LMOVE does: into the queue's intermediate list, so that it is never nowhere. What cannot be read
# has waited for no time.
_TAKE = """
local order = {KEYS[1], KEYS[2]}
local oldest = redis.pcall('LINDEX', KEYS[2], 0)
if type(oldest) == 'string' then
    local meta = redis.pcall('HGET', ARGV[1] .. oldest, 'meta')
    local good, since = pcall(function() return cjson.decode(meta)[ARGV[2]] + 0 end)
    if good and tonumber(redis.call('TIME')[1]) - since >= tonumber(ARGV[3]) then order = {KEYS[2], KEYS[1]} end
end
for _, queue in ipairs(order) do
    local taken = redis.call(queue == KEYS[1] and ARGV[4] or 'LPOP', queue)
    if taken then
        redis.call('RPUSH', queue .. ':intermediate', taken)
        return {queue, taken, redis.call('LLEN', KEYS[1])}
    end
end
return false
"""


class Taken(NamedTuple):
    """A job that was taken: the key of its queue, its id, and whether another image waits for its first picture."""

    queue_key: str
    job_id: bytes
    others_wait: bool


def take(connection: Redis, thumbnails: str, views: str, wait: int | None, *, oldest: bool) -> Taken | None:
    """Take the next job from the queues with these keys; if there is none, wait for so many seconds at most.

    Of the first pictures, the `oldest` or the newest. Views are taken oldest first.

    A job that was waited for is in no list until its worker says that it has begun; the sweep covers that moment.
    """
    script = connection.register_script(_TAKE)
    end = "LPOP" if oldest else "RPOP"
    found: Any = script(keys=[thumbnails, views], args=[Job.key_for(""), SINCE, PATIENCE_SECONDS, end])
    if found:
        return Taken(found[0].decode(), found[1], found[2] > 0)
    if wait is None:
        return None
    came: Any = connection.blpop([thumbnails, views], wait)
    return Taken(came[0].decode(), came[1], others_wait=False) if came else None
