import assert from "node:assert/strict";
import { test } from "node:test";
import { newAnswer, reduce, settle } from "../../src/answer";
import type { ExecResult, TurnItem } from "../../src/protocol";
import { itemLine } from "../../src/task";

const LINES: [TurnItem, string][] = [
  [{ id: "1", type: "command_execution", status: "completed", command: "ls", exitCode: 0 }, "`$ ls`"],
  [
    { id: "1", type: "command_execution", status: "failed", command: "a\n`b`", exitCode: 3 },
    "`$ a 'b'`, exit code 3",
  ],
  [{ id: "1", type: "command_execution", status: "declined", command: "x" }, "`$ x`, declined"],
  [
    {
      id: "1",
      type: "file_change",
      status: "completed",
      changes: [
        { uri: "file:///w/a%20b.py", kind: "update", diff: "" },
        { uri: "file:///w/c", kind: "delete", diff: "" },
      ],
    },
    "edited `a b.py`  \ndeleted `c`",
  ],
  [
    { id: "1", type: "tool_call", status: "completed", tool: "read_file", arguments: '{"path":"a"}' },
    "read_file `a`",
  ],
  [{ id: "1", type: "tool_call", status: "failed", tool: "x", arguments: "{" }, "x ``, failed"],
  [{ id: "1", type: "todo_list", items: [] }, ""],
];

for (const [item, line] of LINES) {
  test(`a call is a line: ${item.type} ${item.status ?? ""} ${line}`, () =>
    assert.equal(itemLine(item), line));
}

test("calls stand where they were made, and the result does not take them away", () => {
  const item = { id: "1", type: "command_execution", status: "completed", command: "ls" } as const;
  const events = [
    { type: "content", text: "Look." },
    { type: "item", stage: "started", item },
    { type: "item", stage: "output", itemId: "1", text: "a\n" },
    { type: "item", stage: "completed", item },
    { type: "content", text: "Done." },
  ] as const;
  let answer = newAnswer("p", 0);
  events.forEach((event, seq) => (answer = reduce(answer, { ...event, turnId: "t", seq }, seq)));
  assert.equal(answer.content, "Look.\n\n`$ ls`\n\nDone.");
  const result = { status: "completed", content: "Look.\n\nDone.", reasoning: "", notices: [] };
  const settled = settle(answer, result as unknown as ExecResult, 9);
  assert.equal(settled.content, answer.content);
});
