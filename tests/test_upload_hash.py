"""The hash of an upload is that of its bytes, whoever computed it."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from pipeline.store.hashing import UploadHash
from tests.product import ROOT

PIECES = (1, 64 * 1024, 512 * 1024, 3, 700_001, 0, 128 * 1024, 128 * 1024 - 1)


def hashed(seed: int) -> bool:
    """Whether pieces give the hash of the whole, although each is overwritten once it is not among the unhashed."""
    dice = random.Random(seed)
    whole, found, given = hashlib.sha256(), UploadHash(), list[memoryview]()
    for size in dice.choices(PIECES, k=12):
        for piece in given[: len(given) - found.unhashed()]:
            piece[:] = bytes(len(piece))
        given.append(memoryview(bytearray(dice.randbytes(size))))
        whole.update(given[-1])
        found.add(given[-1])
    return found.hexdigest() == whole.hexdigest()


def test_a_hash_is_that_of_all_pieces_in_order() -> None:
    assert hashed(1)


def test_many_uploads_at_once_do_not_mix_their_hashes() -> None:
    with ThreadPoolExecutor(8) as uploads:
        assert all(uploads.map(hashed, range(32)))


def test_once_settled_a_hash_needs_its_pieces_no_more() -> None:
    for _ in range(20):
        found, buffer = UploadHash(), bytearray(8 * 1024 * 1024)
        expected = hashlib.sha256(buffer).hexdigest()
        found.add(memoryview(buffer))
        found.settle()
        buffer[-1] = 1
        assert found.hexdigest() == expected


def holds_in_a_process(code: str) -> bool:
    """Whether `code` exits with success in a Python of its own."""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def test_a_process_without_threads_hashes_all_the_same() -> None:
    assert holds_in_a_process("""
import os, resource
from pipeline.store import hashing
from tests.test_upload_hash import hashed
if os.getuid() == 0:
    os.setuid(65534)  # the superuser's threads are not counted
resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
raise SystemExit(not hashed(2) or hashing._helper._pool is not None)
""")


def test_a_forked_process_has_a_thread_of_its_own() -> None:
    assert holds_in_a_process("""
import os
from tests.test_upload_hash import hashed
ours = hashed(3)
child = os.fork()
if not child:
    os._exit(not hashed(4))
raise SystemExit(not ours or os.waitpid(child, 0)[1])
""")


def test_an_upload_that_outlives_its_process_main_thread_is_hashed_whole() -> None:
    assert holds_in_a_process("""
import os, threading
from tests.test_upload_hash import hashed
ours = hashed(5)
def late():
    threading.main_thread().join()
    os._exit(not ours or not hashed(6))
threading.Thread(target=late).start()
""")
