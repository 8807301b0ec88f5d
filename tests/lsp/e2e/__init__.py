"""The real server process over stdio and TCP, in front of the fake model server."""
