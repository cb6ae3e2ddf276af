import { existsSync } from 'node:fs'
import js from '@eslint/js'
import tseslint from 'typescript-eslint'

const restrictedSyntax = [
  { selector: 'ExportDefaultDeclaration', message: 'Name what you export.' },
  { selector: 'ExportAllDeclaration', message: 'List what you export.' },
  { selector: 'TSEnumDeclaration', message: 'Use a union of literals.' },
]

/** What V8 makes in its old heap at once, where it keeps what it points to until the next full collection. */
const bornOld = [
  {
    selector: 'AssignmentExpression[left.type="MemberExpression"][right.type=/^(Arrow)?Function(Expression)?$/]',
    message: 'Give the function a name with const first: docs/decisions/2026-11-28-born-old.md.',
  },
  {
    selector: 'ObjectExpression > Property[kind=/^[gs]et$/]',
    message: 'Write a class for an accessor: docs/decisions/2026-11-28-born-old.md.',
  },
]

export default tseslint.config(
  { ignores: ['**/dist/', '**/node_modules/', 'coverage/', 'bench/bin/'] },
  // Without the clients that they drive their types say nothing; npm run test:clients installs them.
  { ignores: existsSync('test/clients/node_modules') ? [] : ['test/clients/'] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      'max-lines': ['error', { max: 300 }],
      'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }],
      'max-params': ['error', 3],
      'no-restricted-syntax': ['error', ...restrictedSyntax],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    // A test's describe block is a table of contents, not a function to keep short.
    files: ['**/*.test.ts', 'src/testing/**', 'test/**'],
    rules: {
      'max-lines-per-function': 'off',
      'max-lines': ['error', { max: 600 }],
      // What expect.any() stands for is any value.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      // Clients send max_tokens all the same.
      '@typescript-eslint/no-deprecated': 'off',
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/cli/**', 'src/testing/**', '**/*.test.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-syntax': ['error', ...restrictedSyntax, ...bornOld],
      'no-restricted-globals': ['error', { name: 'process', message: 'Only cli/ touches the process.' }],
    },
  },
  { files: ['**/*.config.js', '**/*.config.ts'], rules: { 'no-restricted-syntax': 'off' } },
  { files: ['**/*.js', '**/*.cjs'], extends: [tseslint.configs.disableTypeChecked] },
)
