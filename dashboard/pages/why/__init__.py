"""Why: one match beside what it was found with, and what the two share."""
