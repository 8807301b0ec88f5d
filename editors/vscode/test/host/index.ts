/** What the extension host loads and runs: Mocha with every file of host tests. */

import path from "node:path";
import Mocha from "mocha";

/** Begins each line that is for the person who started the tests. */
const MARK = "[test] ";

export function run(): Promise<void> {
  const grep = process.env.CODEX_TEST_GREP;
  const mocha = new Mocha({
    ui: "tdd",
    timeout: 30_000,
    reporter: Lines,
    ...(grep !== undefined && { grep }),
  });
  for (const file of (process.env.CODEX_TEST_FILES ?? "").split(","))
    mocha.addFile(path.join(__dirname, file));
  return new Promise((resolve, reject) => {
    const runner = running(mocha, (failures) => {
      const passes = runner.stats?.passes ?? 0;
      console.log(`${MARK}${passes} passed, ${failures} failed`);
      if (failures > 0 || passes === 0) reject(new Error(`${failures} failed`));
      else resolve();
    });
  });
}

/** A file that can't be loaded is told too. */
function running(mocha: Mocha, done: (failures: number) => void): Mocha.Runner {
  try {
    return mocha.run(done);
  } catch (error) {
    console.log(`${MARK}✖ ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    throw error;
  }
}

class Lines extends Mocha.reporters.Base {
  constructor(runner: Mocha.Runner) {
    super(runner);
    runner.on("pass", (test) => console.log(`${MARK}✔ ${test.fullTitle()} (${test.duration ?? 0} ms)`));
    runner.on("fail", (test, error: Error) => {
      console.log(`${MARK}✖ ${test.fullTitle()}\n${error.stack ?? error.message}`);
    });
  }
}
