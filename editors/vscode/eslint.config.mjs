import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["out/**", "bundled/**", "node_modules/**", ".vscode-test/**"] },
  {
    files: ["src/**/*.ts", "test/**/*.ts"],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { project: "./tsconfig.json" } },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "max-lines": ["error", { max: 300 }],
    },
  },
  {
    // Everything of VS Code comes through src/editor.ts: the rest can be read, and mostly run, without it.
    files: ["src/**/*.ts"],
    ignores: ["src/editor.ts"],
    rules: {
      "no-restricted-imports": ["error", { paths: [{ name: "vscode", message: "import it from ./editor" }] }],
    },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      "@typescript-eslint/no-floating-promises": [
        "error",
        {
          allowForKnownSafeCalls: [
            { from: "package", name: ["test", "describe", "it", "suite"], package: "node:test" },
          ],
        },
      ],
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
);
