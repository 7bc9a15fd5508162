"""PDFs for people: a template and its data become a document, in a process that ends when the work is done.

A service uses ``rendering``. What a document looks like is the service's own (a ``.typ`` file in the slice that it
belongs to); the fonts, and what all documents have in common (``page.typ``), are here. ADR 0020 says why.
"""
