"""Filling a platform with the programs, cohorts, people and videos of ``deploy/seeds``, through the gateway's API."""
