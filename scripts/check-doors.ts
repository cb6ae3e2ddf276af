/** Keeps the doors of docs/architecture.md, and fails when no module was seen: an empty graph proves nothing. */
import { cruise, type ICruiseOptions, type ICruiseResult } from 'dependency-cruiser'
import extractTsConfig from 'dependency-cruiser/config-utl/extract-ts-config'
import { doors } from './doors.ts'

const options = { ...doors.options, ruleSet: { forbidden: doors.forbidden }, validate: true } as ICruiseOptions
const { output } = await cruise(['src', 'dashboard/src'], options, undefined, {
  tsConfig: extractTsConfig('tsconfig.json'),
})
const { summary, modules } = output as ICruiseResult

const own = modules.filter(({ source }) => /^(dashboard\/)?src\//.test(source)).length
for (const { rule, from, to } of summary.violations) console.error(`${rule.name}: ${from} -> ${to}`)
console.log(`${own} modules, ${summary.violations.length} broken doors`)
process.exitCode = own > 0 && summary.violations.length === 0 ? 0 : 1
