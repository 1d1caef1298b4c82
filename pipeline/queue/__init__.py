"""Redis: the queue of thumbnails, the events, and every key and name."""
