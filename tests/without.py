"""`python -m tests.without PART… COMMAND…`: run a command on a kernel that lacks parts of the sandbox."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

from worker.sandbox.kernel import call, control
from worker.sandbox.syscalls import MACHINES

_PR_SET_NO_NEW_PRIVS = 38
_CREATE_RULESET = 444


def main() -> None:
    """Have the calls of these parts answered as by a kernel that does not know them, and become the command."""
    known = {"landlock": _CREATE_RULESET, "seccomp": MACHINES[platform.machine()].numbers["seccomp"]}
    parts = [word for word in sys.argv[1:] if word in known]
    code = struct.pack("=HBBI", 0x20, 0, 0, 0)
    for part in parts:
        code += struct.pack("=HBBI", 0x15, 0, 1, known[part]) + struct.pack("=HBBI", 6, 0, 0, 0x50000 | errno.ENOSYS)
    code += struct.pack("=HBBI", 6, 0, 0, 0x7FFF0000)
    buffer = ctypes.create_string_buffer(code, len(code))
    control(_PR_SET_NO_NEW_PRIVS, 1)
    assert call(known["seccomp"], 1, 0, struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer))) == 0
    command = sys.argv[1 + len(parts) :]
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
