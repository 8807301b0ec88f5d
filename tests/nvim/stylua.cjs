// Checks the format of Lua files with StyLua's WebAssembly build, or rewrites them with --write.
//
//   NODE_PATH=<folder>/node_modules node stylua.cjs [--write] <.stylua.toml> <file>...
//
// The package holds a library and no command, so the few options that the project sets are read here.
"use strict";

const fs = require("node:fs");
const stylua = require("@johnnymorganz/stylua");

const ENUMS = {
  indent_type: stylua.IndentType,
  quote_style: stylua.QuoteStyle,
  call_parentheses: stylua.CallParenType,
  collapse_simple_statement: stylua.CollapseSimpleStatement,
};

function readConfig(path) {
  const config = stylua.Config.new();
  config.syntax = stylua.LuaVersion.LuaJIT;
  for (const line of fs.readFileSync(path, "utf8").split("\n")) {
    const match = /^(\w+) = (?:"(\w+)"|(\d+))$/.exec(line);
    if (!match) {
      if (line.trim() !== "") throw new Error(`${path}: cannot read: ${line}`);
      continue;
    }
    const [, key, word, number] = match;
    const value = word === undefined ? Number(number) : ENUMS[key]?.[word];
    if (value === undefined) throw new Error(`${path}: no such value: ${line}`);
    config[key] = value;
  }
  return config;
}

const words = process.argv.slice(2);
const isWriting = words[0] === "--write";
const [configPath, ...files] = isWriting ? words.slice(1) : words;
let unformatted = 0;
for (const file of files) {
  const before = fs.readFileSync(file, "utf8");
  const after = stylua.formatCode(
    before,
    readConfig(configPath),
    undefined,
    stylua.OutputVerification.Full,
  );
  if (after === before) continue;
  unformatted += 1;
  console.log(`${isWriting ? "formatted" : "not formatted"}: ${file}`);
  if (isWriting) fs.writeFileSync(file, after);
}
process.exit(isWriting || unformatted === 0 ? 0 : 1);
