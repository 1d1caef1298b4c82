"""`make run`: the whole pipeline on one machine, with an embedded Redis-compatible server."""
