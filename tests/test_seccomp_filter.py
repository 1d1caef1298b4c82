"""The filter of system calls, run by an interpreter of classic BPF: so also for processors that this machine is not."""

from __future__ import annotations

import errno
import struct

import pytest

from worker.sandbox.seccomp import Instruction, program
from worker.sandbox.syscalls import MACHINES

ALLOW, KILL = 0x7FFF0000, 0x80000000
DENY, NO_SUCH_CALL, NO_TERMINAL = (0x50000 | code for code in (errno.EPERM, errno.ENOSYS, errno.ENOTTY))
CHANNEL, PID = 3, 4242
THREAD = 0x3D0F00


def answer(code: list[Instruction], audit: int, number: int, *arguments: int) -> int:
    data = struct.pack("<IIQ6Q", number, audit, 0, *arguments, *[0] * (6 - len(arguments)))
    at, held = 0, 0
    while True:
        operation, if_true, if_false, value = code[at]
        at += 1
        match operation:
            case 0x20:
                (held,) = struct.unpack_from("<I", data, value)
            case 0x54:
                held &= value
            case 0x15:
                at += if_true if held == value else if_false
            case 0x06:
                return value


@pytest.mark.parametrize("name", MACHINES)
def test_each_call_is_allowed_with_the_arguments_that_a_decoder_gives_it(name: str) -> None:
    machine = MACHINES[name]
    code = program(machine, CHANNEL, PID)

    def ask(call: str, *arguments: int) -> int:
        return answer(code, machine.audit, machine.numbers[call], *arguments)

    assert ask("read", 5) == ask("recvmsg", CHANNEL) == ask("brk") == ask("exit_group") == ALLOW
    assert (ask("write", CHANNEL), ask("write", 2)) == (ALLOW, DENY)
    assert ask("mmap", 0, 4096, 3, 0x22) == ask("mmap", 0, 4096, 3, 0x20022) == ALLOW
    for protection, flags in ((7, 0x22), (3, 0x21), (3, 0x23), (3, 0x122), (3, 0x40022), (3, 0x28)):
        assert ask("mmap", 0, 4096, protection, flags) == DENY
    assert (ask("mprotect", 0, 4096, 3), ask("mprotect", 0, 4096, 5)) == (ALLOW, DENY)
    assert ask("clone", THREAD) == ask("clone", THREAD | 0x400000) == ALLOW
    for flags in (17, 0x4111, THREAD | 0x10000000, THREAD & ~0x10000):
        assert ask("clone", flags) == DENY
    assert (ask("tgkill", PID, PID, 6), ask("tgkill", 1, 1, 9)) == (ALLOW, DENY)
    assert (ask("clone3"), ask("ioctl"), ask("seccomp")) == (NO_SUCH_CALL, NO_TERMINAL, DENY)


@pytest.mark.parametrize("name", MACHINES)
def test_whatever_is_not_named_is_denied(name: str) -> None:
    machine = MACHINES[name]
    code = program(machine, CHANNEL, PID)
    named = set(machine.numbers.values()) - {machine.numbers["seccomp"]}
    for number in (*range(1024), 0x40000000, 0x40000001, 0xFFFFFFFF):
        if number not in named:
            assert answer(code, machine.audit, number) == DENY, number


@pytest.mark.parametrize("name", MACHINES)
def test_calls_by_the_numbers_of_another_processor_end_the_process(name: str) -> None:
    machine = MACHINES[name]
    others = {other.audit for other in MACHINES.values()} | {0x40000003, 0x40000028}
    for audit in others - {machine.audit}:
        assert answer(program(machine, CHANNEL, PID), audit, machine.numbers["read"]) == KILL
