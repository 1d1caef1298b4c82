"""The rules of a volume, checked one by one: what breaks them has a name, and mostly a repair.

    violation   what a check finds
    disk        looking without trusting
    tree        the root, days and minutes; what lies astray
    image       one image: record, files, bytes, state, renditions, claim
    outbox      uploads on their way, markers, locks, sessions
    claims      claims without an image, claims on other bytes, doubles
    suspect, reconcile, alone
                images whose name, record and bytes do not agree: exchanged, moved, copied, damaged
    examine     all of it, twice: what was merely seen in the middle of a step is gone at the second look

Nothing here assumes that the services stand still.
"""
