/** The tests that drive a real VS Code with the keyboard and read its screen. */

import { packageExtension } from "./package.mjs";
import { runNodeTests } from "./node-tests.mjs";
import { requireHost } from "./require-host.mjs";

await requireHost();

process.env.CODEX_TEST_VSIX ??= await packageExtension({ keepLibs: true });
await runNodeTests("test/screen", { only: process.argv[2], named: process.argv[3], timeout: 300_000 });
