"""Model servers: what they are, which models they have, and what they tell about a request."""
