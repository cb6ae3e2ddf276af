/** Builds dist/: the JavaScript and types that are published, the prompts beside the code that reads them, the page. */
import { execFileSync } from 'node:child_process'
import { cpSync, globSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')

rmSync(dist, { recursive: true, force: true })
execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
})
for (const prompt of globSync(join(root, 'src/**/prompts/*.md'))) {
  cpSync(prompt, join(dist, relative(join(root, 'src'), prompt)))
}
execFileSync(process.execPath, [join(root, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'warn'], {
  cwd: join(root, 'dashboard'),
  stdio: 'inherit',
})
cpSync(join(root, 'dashboard/dist'), join(dist, 'dashboard'), { recursive: true })
