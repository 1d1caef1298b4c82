"""One parser per container: from a seekable stream to a `Header`, without decoding a pixel."""
