"""`gallery backup` and `gallery restore`: every image, whole, through crashes and while people upload and delete."""
