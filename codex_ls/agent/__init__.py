"""A model that acts: its tool calls are checked, approved, run, and answered.

::

    ToolCall -> toolbox -> approvals -> workspace | sandbox -> result text + items for the surfaces

A workspace and a model may ask; only the user's own config and the user's answer allow.
"""
