"""Threads: the page of a week, and new posts."""
