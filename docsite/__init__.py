"""The documents of the checkout as a site of plain files: `make docs`.

Every page is made from its Markdown as it is, which a forge shows too. The site asks no other host for anything and can
be opened from the disk.
"""
