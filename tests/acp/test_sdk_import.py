"""The SDK's models are imported without what an agent does not need, and work."""

import subprocess
import sys

SCRIPT = """
import inspect
from pydantic import BaseModel
before = inspect.currentframe, inspect.getsourcelines, BaseModel.model_config
from codex_ls.acp.sdk_import import import_sdk
import_sdk()
assert (inspect.currentframe, inspect.getsourcelines, BaseModel.model_config) == before
from acp.schema import SessionNotification
assert not SessionNotification.__pydantic_complete__
assert SessionNotification.model_fields["update"].description is None
text = {"type": "text", "text": "4"}
update = {"sessionUpdate": "agent_message_chunk", "content": text}
made = SessionNotification.model_validate({"sessionId": "s", "update": update})
assert made.model_dump(by_alias=True, exclude_none=True) == {"sessionId": "s", "update": update}
assert SessionNotification.__pydantic_complete__

class Other(BaseModel):
    number: int
assert Other.__pydantic_complete__
"""


def test_validators_and_descriptions_of_the_sdk_are_left_for_later() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
