"""The rules of a volume. Each violation has a name, and most have a repair.

    violation   what a check finds
    disk        reading without trusting
    tree        the root, days and minutes; stray files
    image       one image: record, files, bytes, state, renditions, claim
    outbox      uploads in progress, markers, locks, sessions
    trash       deleted images that can be restored
    claims      claims without an image, claims on other bytes, doubles
    suspect, reconcile, alone
                images whose name, record and bytes do not agree: exchanged, moved, copied, damaged
    examine     everything, twice: a step in progress looks like a violation only once

The checks may run while the services do.
"""
