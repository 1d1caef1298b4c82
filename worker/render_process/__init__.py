"""Decoding in a process of its own, so that a crash, an endless loop or a takeover inside a codec costs one picture.

worker: renderer ── channel ──▶ frames ──▶ child ── engine
           ▲                                 │
           └── answers (checked) ◀── frames ─┘ confined by worker.sandbox after warm_up
"""
