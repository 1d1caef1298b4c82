"""What web and worker agree on: settings, formats, records, the store, jobs and events.

Nothing in here speaks HTTP or decodes a picture: it imports neither Flask nor Pillow.
"""
