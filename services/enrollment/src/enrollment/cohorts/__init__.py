"""Cohorts: calendar, seats, price; created and changed by administrators."""
