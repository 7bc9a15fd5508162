"""``make bench``: the hot paths, measured beside an empty FastAPI endpoint on the same cores. Prints ratios."""
