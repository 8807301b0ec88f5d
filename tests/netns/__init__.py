"""Where a program connects to, exactly: every destination is seen, and an unexpected one is a failure."""
