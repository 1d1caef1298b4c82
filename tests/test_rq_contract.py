"""What we override of RQ, or rely on, is what we know. If not, follow docs/upgrading.md."""

from __future__ import annotations

import tomllib

import pytest
from rq.job import Job
from rq.queue import Queue
from rq.registry import StartedJobRegistry
from rq.worker_registration import WORKERS_BY_QUEUE_KEY

from pipeline.queue.safe_job import ThumbnailJob
from tests.fingerprints import fingerprint, overridden
from tests.product import ROOT
from web.dashboard.unreadable import ReadingQueue
from worker.rq_worker import ThumbnailWorker
from worker.safe_queue import SafeQueue

KNOWN = {
    "rq.worker.base:BaseWorker.__init__": "86f83bb69582aebb",
    "rq.worker.base:BaseWorker.work": "04b5cdf8e554d8a2",
    "rq.worker.base:BaseWorker.bootstrap": "7197ad79c7ff3a49",
    "rq.worker.base:BaseWorker.teardown": "bfc2572817e5fbf9",
    "rq.worker.base:BaseWorker.register_birth": "4690ab4f7b74ffb2",
    "rq.worker.base:BaseWorker.serialize": "219368b12c2d438b",
    "rq.worker.base:BaseWorker.request_stop": "f934e7e7e6eecfee",
    "rq.worker.base:BaseWorker.request_force_stop": "2d066de883f3276c",
    "rq.worker.base:BaseWorker._shutdown": "828be105b616d1d6",
    "rq.worker.base:BaseWorker.set_shutdown_requested_date": "022619a0feece444",
    "rq.worker.base:BaseWorker.heartbeat": "63b1089fd146d19c",
    "rq.worker.base:BaseWorker.subscribe": "3437c20bb267958f",
    "rq.worker.base:BaseWorker.check_for_suspension": "e8095ae1fcf966bd",
    "rq.worker.base:BaseWorker.set_state": "bb8d4f1d93ff078b",
    "rq.worker.base:BaseWorker.dequeue_job_and_maintain_ttl": "2715cf34d9e3af3b",
    "rq.worker.base:BaseWorker.perform_job": "1f0e40678ae519cf",
    "rq.worker.base:BaseWorker.prepare_job_execution": "d08dd32962e3f82a",
    "rq.worker.base:BaseWorker.handle_execution_ended": "23748b027980a6cd",
    "rq.worker.base:BaseWorker.handle_job_success": "9dda7c7d3ca18ee6",
    "rq.worker.base:BaseWorker.handle_job_failure": "7432afe53b9f84ec",
    "rq.worker.base:BaseWorker.handle_exception": "fffd9b2925ac1432",
    "rq.worker.base:BaseWorker._finalize_success": "ef21a613e8080195",
    "rq.worker.base:BaseWorker._finalize_failure": "6d1b8bd1117e9641",
    "rq.worker.base:BaseWorker.run_maintenance_tasks": "3d8a446b5354fce3",
    "rq.worker.base:BaseWorker.clean_registries": "e2c9790c8156c72c",
    "rq.worker.base:BaseWorker.clean_group_registries": "0d9b0f635f0695de",
    "rq.worker.worker_classes:SimpleWorker.execute_job": "eae0f23110aeb280",
    "rq.worker.worker_classes:SimpleWorker.get_heartbeat_ttl": "f83449c2eebaacb1",
    "rq.queue:Queue.dequeue_any": "2452e56ad5197396",
    "rq.queue:Queue._fetch_dequeued_job": "dccbf64962d1bbfc",
    "rq.queue:Queue.enqueue_call": "8c2a3e885c117ead",
    "rq.queue:Queue.fetch_job": "063ad9f184a917dd",
    "rq.queue:Queue.lmove": "7aa797ad300b8aec",
    "rq.queue:Queue.intermediate_queue_key": "7a22559697fefd60",
    "rq.queue:Queue.release_maintenance_lock": "f7543e511d8eddb0",
    "rq.intermediate_queue:IntermediateQueue.cleanup": "e465aaeb5d294870",
    "rq.intermediate_queue:IntermediateQueue.get_intermediate_queue_key": "7cb13cb0e156659f",
    "rq.maintenance:clean_intermediate_queue": "761cb8d3042c43f9",
    "rq.worker_registration:clean_worker_registry": "4e48a0d48857089d",
    "rq.worker_registration:register": "757bc1c839a259c8",
    "rq.job:Job.func": "2347dd5ec6918732",
    "rq.job:Job.restore": "859daf950a3ede0b",
    "rq.job:Job.save": "94a90064c8986113",
    "rq.job:Job.perform": "c8f482e08e17d34c",
    "rq.job:Job.retry": "4a0f7cec2323d8a5",
    "rq.job:Job.set_status": "a093b9649641e3ea",
    "rq.job:Job.prepare_for_execution": "4e8e0eca634da20b",
    "rq.job:Job.get_result_ttl": "ad6db88d400dcd15",
    "rq.job:Job.dependents_key_for": "d17413983c3ea750",
    "rq.registry:BaseRegistry.add": "2ae9a477b803b7db",
    "rq.registry:StartedJobRegistry.cleanup": "c5cd78c27fc023d6",
    "rq.executions:Execution.create": "b167074a0d209e85",
    "rq.executions:Execution.delete": "8c36e0625109f83b",
    "rq.executions:prepare_execution": "e8d5a964e2a10d0c",
    "rq.executions:cleanup_execution": "629fe089b5bf9776",
    "rq.results:Result.get_key": "991ea34dec2931cc",
    "rq.serializers:JSONSerializer.loads": "fe804cf0053f61b2",
    "rq.job:get_current_job": "a3fd249c56ead743",
}
OURS = (ThumbnailWorker, SafeQueue, ThumbnailJob, ReadingQueue)


@pytest.mark.parametrize("name", KNOWN)
def test_rq_is_as_we_know_it(name: str) -> None:
    found = fingerprint(name)
    assert found == KNOWN[name], f"Read what changed in {name}, adapt our side, then note {found}."


@pytest.mark.parametrize("ours", OURS, ids=lambda ours: ours.__name__)
def test_every_function_of_rq_that_we_override_is_watched(ours: type) -> None:
    found = overridden(ours, "rq")
    assert found
    assert found - set(KNOWN) == set()


def test_the_names_that_we_use_in_redis_are_those_of_rq() -> None:
    assert WORKERS_BY_QUEUE_KEY % "thumbnails" == "rq:workers:thumbnails"
    assert Job.key_for("a") == "rq:job:a"
    assert (Queue.redis_queue_namespace_prefix, StartedJobRegistry.key_template) == ("rq:queue:", "rq:wip:{0}")


def test_rq_is_pinned_to_one_minor_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "rq>=3.0,<3.1" in project["dependencies"]
