"""Everything that touches the network: one request, its limits, its key, its retries."""
