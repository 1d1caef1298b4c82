"""What is known of pictures without decoding them: formats, headers, limits."""
