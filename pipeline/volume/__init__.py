"""The volume: its paths, and files and locks that survive a crash. It knows nothing about images."""
