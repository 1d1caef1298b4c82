"""Two passes: while others wait for their first picture, a worker makes grids alone, and the views after them."""
