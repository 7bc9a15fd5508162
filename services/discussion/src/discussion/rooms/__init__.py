"""Who may be in the discussion of a cohort's week, from projections of accounts, programs, cohorts and enrollments."""
