"""Originals without what they tell of people: compared by exiftool, byte by byte, and pixel by pixel."""
