"""`python -m tests.chaos`: clients upload while processes are killed, stopped and continued, Redis is flushed and the
volume filled, all by chance; after each round everything that was accepted must be there, whole.

The seed is printed: it gives the same accidents in the same order (their moments are the machine's).
"""
