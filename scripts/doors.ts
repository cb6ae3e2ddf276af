/** The doors of docs/architecture.md. Tests may cross them; the code may not. */
const test = '\\.test\\.ts$'
const inside = (...rooms: readonly string[]): string[] => rooms.map((room) => `^src/${room}/`)
const only = (name: string, [from, to]: readonly [from: object, to: object], comment: string) => ({
  name,
  comment,
  severity: 'error',
  from,
  to,
})

export const doors = {
  forbidden: [
    only('no-cycles', [{}, { circular: true }], 'A cycle is one room pretending to be two.'),
    only(
      'chat-imports-nothing',
      [{ path: inside('chat'), pathNot: test }, { pathNot: inside('chat') }],
      'chat/ is the shared language: pure, importing nothing.',
    ),
    only(
      'models-do-not-know-each-other',
      [
        { path: '^src/(upstream|mixture|router)/', pathNot: test },
        { path: '^src/(upstream|mixture|router)/', pathNot: '^src/$1/' },
      ],
      'upstream, mixture and router know only ChatModel; catalog joins them.',
    ),
    only(
      'thinking-rooms-import-no-package',
      [
        { path: inside('mixture', 'router', 'trace'), pathNot: test },
        { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'] },
      ],
      'What they need from outside is handed in by catalog.',
    ),
    only(
      'prompt-imports-only-its-template-engine',
      [
        { path: inside('prompt'), pathNot: test },
        { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer'], pathNot: 'node_modules/liquidjs' },
      ],
      'prompt/ knows Liquid and nothing else.',
    ),
    only(
      'only-upstream-calls-out',
      [
        { path: '^src/', pathNot: ['^src/(upstream|testing|gateway)/', test] },
        { path: ['node_modules/undici', '^(node:)?(https?|net|tls)$'] },
      ],
      'Only upstream/ makes outgoing requests; gateway/ knows the types of its own server.',
    ),
    only(
      'only-gateway-knows-the-framework',
      [{ path: '^src/', pathNot: ['^src/gateway/', test] }, { path: 'node_modules/(fastify|@fastify)' }],
      'Only gateway/ knows the HTTP framework.',
    ),
    only(
      'only-config-reads-yaml',
      [{ path: '^src/', pathNot: ['^src/config/', test] }, { path: 'node_modules/(yaml|chokidar)' }],
      'Only config/ reads YAML and watches files.',
    ),
    only(
      'config-knows-only-the-tables',
      [
        { path: inside('config'), pathNot: test },
        {
          path: '^src/',
          pathNot: [
            ...inside('config', 'chat'),
            '^src/mixture/(strategies/strategies|mixture-defaults)\\.ts$',
            '^src/upstream/openai/quirks\\.ts$',
            '^src/router/(rules|router-defaults)\\.ts$',
          ],
        },
      ],
      'What a config may say of a strategy, a quirk or a rule, and what it need not say, is what their tables say.',
    ),
    only(
      'only-store-knows-sql',
      [{ path: '^src/', pathNot: ['^src/store/', test] }, { path: '^(node:)?sqlite$' }],
      'Only store/ knows SQL.',
    ),
    only(
      'nothing-imports-testing',
      [{ path: '^src/', pathNot: ['^src/testing/', test] }, { path: ['^src/testing/', test] }],
      'Only tests import testing/.',
    ),
    only(
      'the-page-knows-only-the-api',
      [{ path: '^dashboard/' }, { path: '^src/' }],
      'What the page can show, every program can.',
    ),
    only('the-gateway-does-not-know-the-page', [{ path: '^src/' }, { path: '^dashboard/' }], 'It serves files.'),
    only(
      'nothing-imports-the-cli',
      [{ path: '^src/', pathNot: ['^src/cli/'] }, { path: inside('cli') }],
      'cli/ is the root.',
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
}
