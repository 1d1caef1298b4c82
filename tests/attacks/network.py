"""To reach another process over the network or a socket, and to get memory that no bound counts."""

from __future__ import annotations

import ctypes
import os
import struct

from tests.attacks.registry import attack, call, libc


@attack
def map_memory_to_execute(original: int) -> None:
    _map(prot=7, flags=0x22)


@attack
def make_memory_executable(original: int) -> None:
    call("mprotect", _map(prot=3, flags=0x22), 4096, 5)


@attack
def share_memory_that_no_bound_counts(original: int) -> None:
    _map(prot=3, flags=0x21)


def _map(prot: int, flags: int) -> int:
    libc.mmap.restype = ctypes.c_long
    return call("mmap", None, 4096, prot, flags, -1, 0)


@attack
def connect_by_tcp(original: int) -> None:
    _socket(2, 1)


@attack
def connect_by_tcp_over_ipv6(original: int) -> None:
    _socket(10, 1)


@attack
def send_udp(original: int) -> None:
    descriptor = call("socket", 2, 2, 0)
    address = struct.pack("=HH4s8x", 2, 9, bytes((127, 0, 0, 1)))
    call("sendto", descriptor, b"out", 3, 0, address, len(address))
    os.close(descriptor)


@attack
def speak_to_a_unix_socket(original: int) -> None:
    _socket(1, 1)


@attack
def speak_to_the_kernel_by_netlink(original: int) -> None:
    _socket(16, 3)


@attack
def make_a_pair_of_sockets(original: int) -> None:
    pair = (ctypes.c_int * 2)()
    call("socketpair", 1, 1, 0, ctypes.addressof(pair))
    os.close(pair[0])
    os.close(pair[1])


@attack
def send_a_descriptor_to_the_worker(original: int) -> None:
    call("sendmsg", 3, bytes(56), 0)


@attack
def send_otherwise_than_by_write(original: int) -> None:
    call("sendto", 3, b"", 0, 0, None, 0)


@attack
def make_a_pipe(original: int) -> None:
    for descriptor in os.pipe():
        os.close(descriptor)


def _socket(family: int, kind: int) -> None:
    os.close(call("socket", family, kind, 0))
