"""`kill -9` at any moment: nothing lost that was shown, nothing left running, the next question works."""
