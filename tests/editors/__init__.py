"""Editors that have no plugin of ours: what their users see."""
