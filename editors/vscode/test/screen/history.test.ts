/** Conversations over a reload of the window, the list of all that are kept, and answers that are done out of sight. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { screenTest, session } from "../support/session";
import { until } from "../support/workbench";
import { SAMPLE } from "../support/workspace";

const LONG = Array.from({ length: 200 }, (_, n) => `value_${n} = ${n}\n`).join("");

const here = session({
  defaults: true,
  prepare: ({ sandbox, model }) => {
    sandbox.config([{ name: "local-oss", baseUrl: model.baseUrl, model: "gpt-oss-20b" }]);
    sandbox.write("shop/values.py", LONG);
    return { open: sandbox.folder("shop"), files: [sandbox.write("shop/prices.py", SAMPLE)] };
  },
});

async function ask(question: string): Promise<void> {
  const { window } = here;
  await window.page.keyboard.press("Control+k");
  await window.page.keyboard.press("q");
  await window.answerInput(question);
}

/** Resolves when the browser has written what the extension keeps: VS Code does so every five seconds. */
async function stored(what: string | RegExp): Promise<void> {
  await until(`${String(what)} in the browser's storage`, async () => {
    const places = await here.window.page.evaluate(async () => {
      const done = async <T>(request: IDBRequest<T>): Promise<T> =>
        new Promise((resolve, reject) => {
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(new Error(String(request.error)));
        });
      const found: string[] = [];
      for (const { name } of await indexedDB.databases()) {
        const database = await done(indexedDB.open(name!));
        for (const store of database.objectStoreNames) {
          const values = await done(database.transaction(store).objectStore(store).getAll());
          found.push(...values.filter((value): value is string => typeof value === "string"));
        }
        database.close();
      }
      return found.filter((value) => value.includes('"places"'));
    });
    return places.some((value) => (typeof what === "string" ? value.includes(what) : what.test(value)));
  });
}

/** Resolves when the answer stands right under the line that has this code. */
async function standsUnder(code: string, answer: string): Promise<void> {
  await until(`${answer} under ${code}`, () =>
    here.window.page.evaluate(
      ([wanted, text]) => {
        const top = (element: Element): number => element.getBoundingClientRect().top;
        const answers = [...document.querySelectorAll(".review-widget .comment-body")];
        const body = answers.find(({ textContent }) => textContent.includes(text!));
        if (body === undefined) return false;
        const above = [...document.querySelectorAll(".part.editor .view-line")]
          .filter((line) => top(line) < top(body))
          .sort((one, other) => top(other) - top(one))[0];
        return above?.textContent.replaceAll("\u00a0", " ").includes(wanted!) === true;
      },
      [code, answer],
    ),
  );
}

screenTest(
  here,
  "an answer comes back under its code after a reload, and its conversation goes on",
  async () => {
    const { model, window, sandbox } = here;
    await model.answer({ reasoning: ["Empty?"], content: ["It fails for an empty list."] });
    await window.status("local-oss", 90_000);
    await window.selectLines(8, 9);
    await ask("What can go wrong?");
    await window.threadLabel(/local-oss \(local\), done in/);
    await standsUnder("return total", "fails for an empty list");

    await stored('"isOpen":true');
    // Two lines come before the code where no window sees it.
    const file = path.join(sandbox.root, "shop", "prices.py");
    await window.command("Developer: Reload Window");
    writeFileSync(file, `# one\n# two\n${readFileSync(file, "utf8")}`);
    await window.commentWith("It fails for an empty list.");
    await window.threadLabel(/local-oss \(local\), done in \d+\.\d s/);
    await standsUnder("return total", "fails for an empty list");
    await window.shot("20-after-reload");

    await model.answer({ content: ["Then raise `ValueError`."] });
    await window.page.locator(".review-widget .review-thread-reply-button").last().click();
    await window.page.keyboard.type("And then?");
    await window.page.locator(".review-widget .monaco-text-button", { hasText: "Ask" }).last().click();
    await window.commentWith("Then raise ValueError.");
    const said = (await model.turn(1)).json!.messages.filter(({ role }) => role !== "system");
    assert.deepEqual(
      said.map(({ role }) => role),
      ["user", "assistant", "user"],
    );
    assert.ok(said[1]!.content.includes("It fails for an empty list."), said[1]!.content);
  },
);

screenTest(here, "a conversation that was closed stays away after a reload", async () => {
  const { window } = here;
  await window.command("Codex: Close Conversation");
  await until("it is gone", async () => (await window.page.locator(".review-widget").count()) === 0);
  await stored('"isOpen":false');
  await window.command("Developer: Reload Window");
  await window.status("local-oss", 90_000);
  await window.openFile("values.py");
  await window.openFile("prices.py");
  assert.equal(await window.page.locator(".review-widget").count(), 0);
});

screenTest(here, "the list has it, finds it by a word of its answer, and opens it at its code", async () => {
  const { window } = here;
  await window.command("Codex: Conversations...");
  const row = window.picks.filter({ hasText: "What can go wrong?" });
  await row.waitFor();
  assert.match((await row.textContent()) ?? "", /local-oss · 2 questions/);
  const input = window.page.locator(".quick-input-widget .quick-input-box input");
  await input.fill("zebra");
  await window.picks.filter({ hasText: "No conversation has these words." }).waitFor();
  await input.fill("valueerror empty");
  await row.waitFor();
  await window.shot("21-conversations");
  await window.page.keyboard.press("Enter");
  await window.commentWith("Then raise ValueError.");
  await standsUnder("return total", "fails for an empty list");
});

screenTest(here, "one from elsewhere opens in a page of its own, and goes on", async () => {
  const { model, window, sandbox } = here;
  const threads = path.join(sandbox.home, ".codex", "codex-ls", "threads");
  const id = "019c13f0-0000-7000-8000-000000000001";
  const lines = [
    { type: "thread", version: 1, thread: id, folder: "/elsewhere", at: "2026-01-31T12:04:00.000Z" },
    { type: "turn", turn: "t1", at: "2026-01-31T12:04:00.000Z", prompt: "What is a B-tree?", model: "m" },
    { turn: "t1", content: "A **balanced** tree with wide nodes." },
    { type: "end", turn: "t1", status: "completed", finish_reason: "stop", timing: { total_ms: 900 } },
  ];
  writeFileSync(path.join(threads, `${id}.jsonl`), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  await window.command("Codex: Conversations...");
  await window.picks.filter({ hasText: "What is a B-tree?" }).click();
  await window.commentWith("A balanced tree with wide nodes.");
  await window.threadLabel("m, done in 0.9 s");
  await window.shot("22-conversation-page");
  await model.answer({ content: ["On a disk it needs few reads."] });
  await window.page.locator(".review-widget .review-thread-reply-button").last().click();
  await window.page.keyboard.type("And on a disk?");
  await window.page.locator(".review-widget .monaco-text-button", { hasText: "Ask" }).last().click();
  await window.commentWith("On a disk it needs few reads.");
  const { json } = await model.turn(2);
  assert.ok(json!.messages.some(({ content }) => content.includes("What is a B-tree?")));
});

screenTest(here, "an answer that is done in another file is a quiet notice, which leads to it", async () => {
  const { model, window } = here;
  await model.answer({ content: ["Values ", { gate: "away" }, "from 0 to 199."] });
  await window.openFile("values.py");
  await window.goToLine(150);
  await ask("What is in this file?");
  await window.commentWith("Values");
  await window.openFile("prices.py");
  await model.open("away");
  const notice = window.page.locator(".statusbar-item", { hasText: "Answer done: What is in this file?" });
  await notice.waitFor();
  assert.equal(await window.page.locator(".notification-toast").count(), 0);
  await window.shot("23-answer-elsewhere");
  await notice.click();
  await window.page.locator(".tab.active", { hasText: "values.py" }).waitFor();
  await window.commentWith("Values from 0 to 199.");
  await notice.waitFor({ state: "hidden" });
  await window.status(/Ln 150, Col 1\b/);

  await window.command("Codex: Go to Answer");
  await window.page.locator(".tab.active", { hasText: "What is a B-tree" }).waitFor();
});
