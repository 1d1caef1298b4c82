"""A network between a client and the gallery that fails as it is told to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

ENDLESS = 1 << 60


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to a request: after how many bytes up or down it is cut, or which answer it gets instead."""

    up: int = ENDLESS
    down: int = ENDLESS
    flip: int | None = None
    answer: bytes | None = None
    call: Callable[[], object] | None = None


def answer(status: int, body: bytes = b"", kind: str = "application/json", more: str = "") -> Fault:
    head = f"HTTP/1.1 {status} As told\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return Fault(answer=f"{head}Connection: close\r\n{more}\r\n".encode() + body)


@dataclass
class Network:
    """Hands requests on to `target`, one for each connection; faults meet the next requests that begin with a text."""

    target: int
    port: int
    faults: list[tuple[str, int, Fault]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def fail(self, request: str, fault: Fault, times: int = ENDLESS) -> None:
        """Let `fault` happen to the next `times` requests whose line begins with `request`."""
        self.faults.append((request, times, fault))

    def count(self, request: str) -> int:
        return sum(line.startswith(request) for line in self.seen)

    def _fault(self, line: str) -> Fault:
        with self._lock:
            self.seen.append(line)
            for number, (request, times, fault) in enumerate(self.faults):
                if times and line.startswith(request):
                    self.faults[number] = (request, times - 1, fault)
                    return fault
        return Fault()

    def serve(self, client: socket.socket) -> None:
        """One request."""
        with client, suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                if not (piece := client.recv(65536)):
                    return
                head += piece
            line, _, rest = head.partition(b"\r\n")
            fault = self._fault(line.decode())
            if fault.call is not None:
                fault.call()
            length = next((int(h[15:]) for h in rest.split(b"\r\n") if h.lower().startswith(b"content-length:")), 0)
            if fault.answer is not None:
                left = length - len(rest.partition(b"\r\n\r\n")[2])
                while left > 0 and (piece := client.recv(65536)):
                    left -= len(piece)
                client.sendall(fault.answer)
                return
            with socket.create_connection(("127.0.0.1", self.target), 60) as server:
                first = line + b"\r\nConnection: close\r\n" + rest
                up = threading.Thread(target=_pump, args=(client, server, first, fault.up, None), daemon=True)
                up.start()
                _pump(server, client, b"", fault.down, fault.flip)


def _pump(source: socket.socket, target: socket.socket, first: bytes, most: int, flip: int | None) -> None:
    """Hand on at most `most` bytes, the one at `flip` turned around; a cut closes both ends."""
    passed = 0
    with suppress(OSError):
        for piece in _pieces(source, first):
            whole = bytearray(piece)
            if flip is not None and passed <= flip < passed + len(piece):
                whole[flip - passed] ^= 0xFF
            target.sendall(whole[: most - passed])
            passed += len(piece)
            if passed >= most:
                source.shutdown(socket.SHUT_RDWR)
                break
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR if passed < most else socket.SHUT_RDWR)


def _pieces(source: socket.socket, first: bytes) -> Iterator[bytes]:
    if first:
        yield first
    while piece := source.recv(65536):
        yield piece


@contextmanager
def network(target: int) -> Iterator[Network]:
    """A network to the gallery on the port `target`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)  # so that an upload is seen in the middle
        made = Network(target, listener.getsockname()[1])

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    client.settimeout(60)
                    threading.Thread(target=made.serve, args=(client,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield made
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
