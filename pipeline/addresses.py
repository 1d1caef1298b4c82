"""Addresses to listen on: names resolved, IPv6 in brackets, and a true sentence about each that cannot be used."""

from __future__ import annotations

import errno
import socket

from pipeline.errors import BadSetting

_ADVICE = "Use 127.0.0.1 (IPv6: ::1) for this machine alone, or 0.0.0.0 (IPv6: ::) for every network."
_PRIVILEGED = 1024


class PortTaken(Exception):
    """The port is taken; the message says what to do."""


def netloc(host: str, port: int | str) -> str:
    """`host:port` as part of a URL: `127.0.0.1:5000`, `[::1]:5000`."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def reachable(host: str) -> str:
    """The address by which this machine reaches what listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - nothing listens here


def resolve(host: str, setting: str) -> str:
    """The numeric address of `host`, an IPv4 one if it has any; raise `BadSetting` if it has none."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise BadSetting(f"{setting}_HOST is {host!r}, but no such host is known. {_ADVICE}") from None
    found.sort(key=lambda entry: entry[0] != socket.AF_INET)
    return str(found[0][4][0])


def check(host: str, port: int, setting: str) -> None:
    """Raise `PortTaken`, or `BadSetting` with the reason, if it cannot be used; `setting` is `GALLERY`, for example."""
    address = resolve(host, setting)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except OSError as error:
        raise refusal(error, host, port, setting) from error


def refusal(error: OSError, host: str, port: int, setting: str) -> BadSetting | PortTaken:
    """A message for a person about a failed `bind`."""
    match error.errno:
        case errno.EADDRINUSE:
            return PortTaken(f"Port {port} is taken. Stop what listens there, or set {setting}_PORT to another.")
        case errno.EADDRNOTAVAIL:
            return BadSetting(f"{setting}_HOST is {host}, which is not an address of this machine. {_ADVICE}")
        case errno.EAFNOSUPPORT:
            return BadSetting(f"{setting}_HOST is {host}, but this machine has no IPv6. {_ADVICE}")
        case errno.EACCES | errno.EPERM if port < _PRIVILEGED:
            return BadSetting(
                f"{setting}_PORT is {port}, but only root may listen on ports below {_PRIVILEGED}. Set a higher one."
            )
        case _:
            return BadSetting(f"Nothing can listen on {netloc(host, port)}: {error.strerror}.")
