"""What a render process keeps of its memory between pictures, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.product import ROOT

KEEP = """
import ctypes, json, sys
from worker.render_process.memory import KeptMemory, keep_memory

def megabytes():
    return int(open("/proc/self/status").read().split("VmRSS:")[1].split()[0]) // 1024

def use(size):
    blocks = [bytearray(b"x" * 2**20) for _ in range(size)]
    end = bytearray(b"x" * 2**16)  # behind them: what is free is not at the end of the heap
    return end

keep_memory()
kept, before = KeptMemory(9), megabytes()
found, ends = {}, []
ends.append(use(120))
kept.trim_if_large()
found["usual, kept"] = megabytes() - before
kept.make_room(100 * 2**20)
found["before a usual one"] = megabytes() - before
kept.make_room(200 * 2**20)
found["before a large one"] = megabytes() - before
ends.append(use(230))
kept.trim_if_large()
found["after a large one"] = megabytes() - before
print(json.dumps(found))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what is resident")
def test_the_memory_of_a_usual_picture_is_kept_and_that_of_a_large_one_given_back() -> None:
    said = subprocess.run([sys.executable, "-c", KEEP], cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(said.stdout)
    print(found)
    assert found["usual, kept"] > 100
    assert found["before a usual one"] > 100
    assert found["before a large one"] < 40
    assert found["after a large one"] < 100
