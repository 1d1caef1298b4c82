"""Our pictures beside those of a second decoder: libvips, and libheif's own program for HEIC.

`run` sends the cases and files damaged by chance through both and lists where they disagree; `explained` has the
reasons for which they may. `python -m tests.differential`, or `make differential`, goes on for as long as asked.
"""
