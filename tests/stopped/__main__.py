"""Started by `process`, with the number of the socket by which requests come."""

import socket
import sys

from tests.stopped.server import serve

serve(socket.socket(fileno=int(sys.argv[1])))
