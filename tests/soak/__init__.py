"""Many turns at once, for a while: what grows, what gets lost, what stays behind."""
