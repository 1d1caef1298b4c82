"""What neighbouring releases agree on in Redis. To change a name takes two releases: the first understands both."""

from __future__ import annotations

from typing import Any

import pytest
from redis import Redis

from pipeline.queue import events, image_queues, lease, regeneration, safe_job, sweeps
from tests.conftest import ROOT, Gallery, picture, until

NAMES = {
    "queue": (image_queues.QUEUE, "thumbnails"),
    "queue of views": (image_queues.VIEWS, "views"),
    "job of a view": (safe_job.VIEW_JOB, "worker.thumbnails.make_view"),
    "id of a view's job": (image_queues.view_id("ID"), "view-ID"),
    "job": (safe_job.JOB, "worker.thumbnails.make_thumbnail"),
    "job of a regeneration": (safe_job.REGENERATE_JOB, "worker.regeneration.regenerate_thumbnails"),
    "id of that job": (regeneration.remake_id("ID"), "remake-ID"),
    "job that reads facts": (safe_job.FACTS_JOB, "worker.regeneration.read_camera_facts"),
    "id of the job for facts": (regeneration.facts_id("ID"), "facts-ID"),
    "volume in a job's meta": (safe_job.VOLUME_TAG, "volume"),
    "trace in the meta of a regeneration's job": (safe_job.TRACE_TAG, "traceparent"),
    "events": (events.STREAM, "gallery:events"),
    "lease": (lease.KEY, "gallery:volume"),
    "reports of sweeps": (sweeps.SWEEPS, "gallery:sweeps"),
    "outcomes of regeneration": (regeneration._OUTCOMES, "gallery:remakes"),
}


@pytest.mark.parametrize("what", NAMES)
def test_a_name_that_releases_share_is_as_it_was(what: str) -> None:
    now, agreed = NAMES[what]
    assert now == agreed
    assert f"`{agreed.replace('ID', '<id>')}`" in (ROOT / "docs" / "architecture.md").read_text()


def test_jobs_and_events_have_the_shape_that_releases_share(bare: Gallery) -> None:
    bare.start("redis", "launcher.redis")
    bare.start("web", "web")
    until(lambda: bare.call("GET", "/readyz").json["queue"] == "ok", 60)
    image_id = bare.upload(picture()).json["id"]
    with Redis.from_url(bare.environ["REDIS_URL"]) as redis:
        volume: Any = redis.get(lease.KEY)
        job: Any = redis.hgetall(f"rq:job:{image_id}")
        assert redis.lrange("rq:queue:thumbnails", 0, -1) == [image_id.encode()]
        assert job[b"meta"] == b'{"volume": "%s"}' % volume
        bare.call("DELETE", f"/api/images/{image_id}")
        events.tell_gap(redis, volume.decode())
        told: Any = redis.xrange("gallery:events")
    changed, deleted, gap = (fields for _, fields in told[-3:])
    assert (set(changed), changed[b"id"], changed[b"volume"]) == (
        {b"id", b"record", b"volume"},
        image_id.encode(),
        volume,
    )
    assert deleted == {b"id": image_id.encode(), b"deleted": b"1", b"volume": volume}
    assert gap == {b"gap": b"1", b"volume": volume}
