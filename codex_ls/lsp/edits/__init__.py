"""What an answer changes in a document: pure functions of texts."""
