"""Backups: copies of every image that is in the gallery or its trash, made while the gallery runs.

    snapshot   one image at one moment, read from a volume
    writing    all images of a volume, into a folder or a tar stream
    folder     a backup in a folder: laid out as a volume, resumable, and brought up to date by the next run
    tape       a backup as a tar stream
    restoring  the images of a backup, put into a volume that may be in use

What can be made again is not part of a backup: claims, markers, locks, and a rendition that does not match its record.
"""
