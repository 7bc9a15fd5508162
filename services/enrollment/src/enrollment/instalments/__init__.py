"""Instalments: a price paid in parts, by the plan of its cohort as it stood when the student agreed to it."""
