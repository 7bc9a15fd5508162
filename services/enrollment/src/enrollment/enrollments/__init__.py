"""Enrollments: their states, grants and revocations by staff, and the student's own list."""
