"""Redis: the queue of thumbnails, its events, and every key and name in it."""
