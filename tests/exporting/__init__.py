"""`gallery export`: every original gets one verdict, whatever happens to the network, the disk or the gallery."""
