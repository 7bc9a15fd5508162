"""Programs on sale, and who may enrol when."""
