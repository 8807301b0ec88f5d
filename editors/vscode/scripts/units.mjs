/** The unit tests: everything but VS Code itself, in plain Node. */

import { runNodeTests } from "./node-tests.mjs";

await runNodeTests("test/units", { only: process.argv[2], concurrency: true });
