"""What a person or a program sees of a turn: its events as text, or as JSON lines.

Both renderers are pure: they take events and call the write functions they were given. They know
nothing of files, terminals, time or the network, so a list of events is all a test needs.
"""
