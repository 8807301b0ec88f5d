/** An answer that failed: what can be pressed below it, and what a screen reader is given. */

import { screenTest, session } from "../support/session";
import { SAMPLE } from "../support/workspace";

const here = session({
  prepare: ({ sandbox, model }) => {
    sandbox.config([{ name: "local-oss", baseUrl: model.baseUrl, model: "gpt-oss-20b" }]);
    return { open: sandbox.folder("shop"), files: [sandbox.write("shop/prices.py", SAMPLE)] };
  },
});

screenTest(here, "a failed answer has its next step as a link, and is asked again in its place", async () => {
  const { model, window } = here;
  await model.script({
    answers: [
      { error: { status: 401, message: "wrong key" } },
      { chat: { content: ["All is well, and ", { gate: "half" }, "done."] } },
    ],
  });
  await window.status("local-oss");
  await window.selectLines(8, 9);
  await window.command("Codex: Ask About Selection");
  await window.answerInput("What can go wrong here?");
  await window.threadLabel(/local-oss \(local\), failed/);
  const { page } = window;
  const alert = (text: string): Promise<void> =>
    page.locator(`.statusbar-item [role="alert"][aria-label*="${text}"]`).waitFor();
  await alert("answer failed. What can go wrong here?");
  await page.locator(".review-widget .review-comment a", { hasText: "Set API Key..." }).click();
  await page.locator(".quick-input-widget").waitFor();
  await page.keyboard.press("Escape");

  await page.locator(".review-widget .review-comment").nth(1).hover();
  await page.locator(".review-widget .review-comment .codicon-debug-restart").first().click();
  await model.reached("half");
  await window.commentWith("All is well, and");
  await model.open("half");
  await window.commentWith("All is well, and done.");
  await alert("answer done. What can go wrong here?");
  await window.shot("asked-again");
});
