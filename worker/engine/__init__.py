"""The engine: a picture in, renditions out. Pure: it knows no volume, no queue and no process."""
