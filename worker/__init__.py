"""The worker: takes jobs from the queue and makes thumbnails. It imports no Flask."""
