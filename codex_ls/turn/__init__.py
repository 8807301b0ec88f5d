"""One turn, from a question to its last event, and the conversation around it."""
