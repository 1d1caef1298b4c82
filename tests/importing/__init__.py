"""`gallery import`: every file gets one verdict, whatever happens to it, to the network or to the gallery."""
