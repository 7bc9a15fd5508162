"""Pins, hiding and reports."""
