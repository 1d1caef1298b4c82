"""Gunicorn's threaded worker, hardened: slow clients are cut off, and none can use up or block the resources of others.

`tests/test_gunicorn_contract.py` fails if gunicorn changes what is overridden here.
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
import sys
import time
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from itertools import islice
from threading import Event
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

from pipeline.settings import Settings
from web import counters
from web.callers import Places, Shares, caller_of, is_trusted
from web.server.closing import LingeringClose
from web.server.descriptors import CONNECTIONS, at_most
from web.server.lanes import HEAD_BYTES, PATIENCE, lanes, probe
from web.server.paced_socket import PacedSocket
from web.server.refusals import BUSY, TOO_MANY
from web.server.threads import ThreadPool

_OUT_OF_DESCRIPTORS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_FIRST_BYTES_SECONDS = 10.0
_FOR_PROBES = 64
_LONGEST_IDLE = 64
_NO_SPARE_SECONDS = 0.01
_THREADS_AT_START = 64


class Connection(TConn):  # type: ignore[misc]
    """A client's connection. One accepted beyond the limit may only request probes."""

    caller = ""
    behind_proxy = False
    probes_only = False


class GalleryWorker(ThreadWorker):  # type: ignore[misc]
    """`ThreadWorker` whose accepting thread never blocks.

    - A connection gets a thread only when its request has arrived and its caller has a free place; probes have their
      own threads.
    - Each caller holds at most its share of connections. If there are too many in total, an idle one of the caller
      with the most is closed; if none is idle, new connections may only request probes.
    - One thread closes all connections, and waits for all of them at once.
    - Without descriptors, memory or any thread, connections are refused and the process goes on. With fewer threads
      than configured, requests wait for those.
    """

    def init_process(self) -> None:
        """Read the limits, then begin."""
        settings = Settings.from_environment()
        PacedSocket.patience = float(settings.slow_seconds)
        self._first_bytes_seconds = min(_FIRST_BYTES_SECONDS, PacedSocket.patience)
        self._for_probes = min(_FOR_PROBES, at_most(CONNECTIONS) // 4)
        self._capacity = min(self.cfg.worker_connections, at_most(CONNECTIONS) - self._for_probes)
        self.worker_connections = sys.maxsize  # never stop accepting: we shed connections ourselves
        self._proxies = settings.trusted_proxies
        self._shares = Shares(min(settings.client_connections, at_most(CONNECTIONS) // 4))
        self._places = Places()
        self._lanes = lanes()
        self._closing = LingeringClose()
        self._closing.start()
        self._spare = _spare_descriptor()
        super().init_process()

    def get_thread_pool(self) -> ThreadPool:
        """The threads of all requests except probes."""
        return ThreadPool(max_workers=self.cfg.threads)

    def run(self) -> None:
        """Serve until told to stop; responses already given are still delivered."""
        self._start_threads()
        super().run()
        self._closing.wait()
        for lane in self._lanes.values():
            lane.shutdown(wait=False)

    def _start_threads(self) -> None:
        """Start the threads for probes and some for requests now: under load it would delay the accepting thread."""
        started = Event()
        with suppress(RuntimeError):  # no thread available: tried again for each request
            for pool in (*self._lanes.values(), self.tpool):
                for _ in range(min(_THREADS_AT_START, pool._max_workers)):
                    pool.submit(started.wait)
        started.set()

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Handle pending events; a failure of one connection does not affect the others."""
        for key, _ in self.poller.select(timeout):
            if isinstance(key.fileobj, socket.socket) and key.fileobj.fileno() < 0:
                continue  # closed by an earlier event of this round
            try:
                key.data(key.fileobj)
            except Exception:
                self.log.exception("a connection could not be served")

    def accept(self, listener: socket.socket) -> None:
        """Accept a connection, unless its caller holds too many."""
        try:
            connection, client = listener.accept()
        except OSError as error:
            if error.errno in _OUT_OF_DESCRIPTORS:
                self._shed(listener)
            # Other errors come from the network, or another process was faster (accept(2)).
            return
        address = client[0] if isinstance(client, tuple) else "local"
        who = caller_of(address)
        # The connections of a proxy belong to many callers, which `web.access.throttling` tells apart.
        counted = not is_trusted(address, self._proxies)
        if counted and not self._shares.take(who):
            counters.REFUSED_CONNECTIONS.labels("share").inc()
            self._closing.refuse(connection, TOO_MANY)
            return
        paced = PacedSocket(fileno=connection.detach())
        if counted:
            paced.when_closed(lambda: self._shares.give_back(who))
        conn = Connection(self.cfg, paced, client, listener.getsockname())
        conn.caller, conn.behind_proxy = who, not counted
        self.nr_conns += 1
        if self.nr_conns > self._capacity and not self._close_idle():
            conn.probes_only = True
            if self.nr_conns > self._capacity + self._for_probes:
                self._refuse(conn)
                return
        self.enqueue_req(conn)

    def enqueue_req(self, conn: Connection) -> None:
        """Submit a connection to a thread, or wait for its request."""
        pool: ThreadPool = self.tpool
        patience = None
        if conn.parser is None or not conn.parser.unreader.buf.getvalue():
            try:
                head = socket.socket.recv(conn.sock, HEAD_BYTES, socket.MSG_PEEK)
            except BlockingIOError:
                self._await_request(conn)
                return
            except OSError:
                head = b""
            if not head:
                self._drop(conn)
                return
            if path := probe(head):
                pool, patience = self._lanes[path], PATIENCE[path]
        if conn.probes_only and pool is self.tpool:
            self._refuse(conn)
            return
        conn.data_ready = True
        if pool is not self.tpool or conn.behind_proxy:
            conn.sock.begin(patience)
            self._submit(conn, pool)
        else:
            self._places.when_free(conn.caller, partial(self._begin, conn))

    def _begin(self, conn: Connection) -> None:
        """Handle a request that has a place; it gives up the place while it waits for its client."""
        leave, enter = partial(self._places.leave, conn.caller), partial(self._places.take_again, conn.caller)
        conn.sock.begin(around=(leave, enter))
        conn.sock.when_answered(leave)
        self._submit(conn, self.tpool)

    def _submit(self, conn: Connection, pool: ThreadPool) -> None:
        """Submit the request to a thread. May be called in any thread."""
        try:
            future = pool.submit(self.handle, conn)
        except RuntimeError:  # no thread available
            counters.REFUSED_CONNECTIONS.labels("threads").inc()
            self.method_queue.defer(self._give_up, conn)
            return
        future.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))

    def _await_request(self, conn: Connection) -> None:
        conn.timeout = time.monotonic() + self._first_bytes_seconds
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def handle(self, conn: Connection) -> Any:
        """Handle one request of a connection."""
        try:
            return super().handle(conn)
        finally:
            conn.sock.answered()

    def finish_request(self, conn: Connection, fs: Future[Any]) -> None:
        """Keep the connection for its next request, or close it without waiting for the client."""
        if not fs.cancelled() and fs.exception() is None and fs.result():
            super().finish_request(conn, fs)
            return
        self.nr_conns -= 1
        self._closing.take(conn.sock)

    def _close_idle(self) -> bool:
        """Close an idle connection: among the longest idle, one of the caller with the most. False if there is none."""
        idle = self.pending_conns or self.keepalived_conns
        if not idle:
            return False
        conn = max(islice(idle, _LONGEST_IDLE), key=lambda each: self._shares.held(each.caller))
        idle.remove(conn)
        with suppress(OSError, KeyError, ValueError):
            self.poller.unregister(conn.sock)
        self._drop(conn)
        return True

    def _drop(self, conn: Connection) -> None:
        self.nr_conns -= 1
        conn.close()

    def _give_up(self, conn: Connection) -> None:
        conn.sock.answered()
        self._drop(conn)

    def _refuse(self, conn: Connection) -> None:
        counters.REFUSED_CONNECTIONS.labels("capacity").inc()
        self.nr_conns -= 1
        self._closing.refuse(conn.sock, BUSY)

    def _shed(self, listener: socket.socket) -> None:
        """Close an idle connection, or else the new one: left in the backlog, it would wake us again and again."""
        counters.REFUSED_CONNECTIONS.labels("descriptors").inc()
        if self._close_idle():
            return
        if self._spare is not None:
            os.close(self._spare)
            with suppress(OSError):
                listener.accept()[0].close()
        self._spare = _spare_descriptor()
        if self._spare is None:
            time.sleep(_NO_SPARE_SECONDS)


def _spare_descriptor() -> int | None:
    try:
        return os.open(os.devnull, os.O_RDONLY)
    except OSError:
        return None
