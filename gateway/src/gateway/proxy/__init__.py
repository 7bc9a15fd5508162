"""The outer door: which service answers what, and the way there."""
