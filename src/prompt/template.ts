/**
 * Prompts are the user's: Liquid texts with documented slots. A template is read and checked when the program starts,
 * so that a mistyped slot is an error with a line and not a hole in a prompt. Filling one runs no code and reads no file.
 */
import { Liquid, LiquidError } from 'liquidjs'
import { ConfigError } from '../chat/errors.ts'
import { nearestName } from '../chat/nearest-name.ts'

/** A template's text and where it was written, for messages: `prompts/aggregate.md`, `config.yaml:14`. */
export interface TemplateSource {
  readonly text: string
  readonly origin: string
}

/** A Liquid text as it is written in a definition; `origin` says where, for messages. */
export interface TemplateDefinition {
  readonly text: string
  readonly origin?: string
}

/** The names that a template may use, with dots (`worker.name`); a required one must be used. */
export type Slots = Readonly<Record<string, 'required' | 'optional'>>

/** What fills a slot; a function is called only where the template uses it. */
type SlotValue = string | number | (() => string)

/** A value for every slot. */
export type SlotValues<S extends Slots> = { readonly [Slot in keyof S]: SlotValue }

/** A checked prompt, ready to be filled. */
export interface Template<S extends Slots> extends TemplateSource {
  fill(values: SlotValues<S>): string
}

/**
 * Compiles a Liquid text and checks its slots.
 *
 * @throws ConfigError that names origin, line and the nearest slot, where the text is not Liquid, uses a slot that does
 * not exist, or leaves a required one out.
 */
export function parseTemplate<const S extends Slots>(source: TemplateSource & { readonly slots: S }): Template<S> {
  const { origin, slots } = source
  const text = source.text.trimEnd()
  const tree = compile(text, origin)
  const used = usedSlots(tree, origin, slots)
  for (const [slot, use] of Object.entries(slots)) {
    if (use === 'required' && !used.includes(slot))
      throw new ConfigError(`${origin}: the template does not use {{ ${slot} }}; put it where that text belongs.`)
  }
  return { text, origin, fill: (values) => render(tree, origin, scopeOf(used, values)) }
}

type Tree = ReturnType<Liquid['parse']>

const engine = createEngine()

/** Without partials there is no way to a file; the limits end a template that never would. */
function createEngine(): Liquid {
  const liquid = new Liquid({
    ownPropertyOnly: true,
    strictFilters: true,
    templates: {},
    renderLimit: 5_000,
    memoryLimit: 100_000_000,
  })
  for (const tag of ['include', 'render', 'layout', 'block']) Reflect.deleteProperty(liquid.tags, tag)
  return liquid
}

function compile(text: string, origin: string): Tree {
  try {
    return engine.parse(text)
  } catch (error) {
    if (!(error instanceof LiquidError)) throw error
    const reason = error.message.replace(/, line:\d+, col:\d+$/, '')
    throw new ConfigError(`${place(origin, error.token.getPosition()[0] ?? 1)}: ${reason}.`, { cause: error })
  }
}

function usedSlots(tree: Tree, origin: string, slots: Slots): readonly string[] {
  const used = Object.values(engine.analyzeSync(tree, { partials: false }).globals).flat()
  return used.map((variable) => {
    const slot = String(variable)
    if (Object.hasOwn(slots, slot)) return slot
    const known = Object.keys(slots)
    const nearest = nearestName(slot, known)
    const hint = nearest ? `did you mean "${nearest}"?` : `known are ${known.join(', ')}.`
    throw new ConfigError(`${place(origin, variable.location.row)}: unknown slot "${slot}", ${hint}`)
  })
}

/** A file takes the line at once; a place inside a config has a line of its own already. */
function place(origin: string, line: number): string {
  return /:\d+$/.test(origin) ? `${origin}, line ${line} of the template` : `${origin}:${line}`
}

/** `worker.name` becomes `{ worker: { name } }`. */
function scopeOf(used: readonly string[], values: Readonly<Record<string, SlotValue>>): object {
  const scope: Record<string, unknown> = {}
  for (const slot of used) {
    const value = values[slot]
    const filled = typeof value === 'function' ? value() : value
    const [root = slot, field] = slot.split('.')
    scope[root] = field === undefined ? filled : { ...(scope[root] as object | undefined), [field]: filled }
  }
  return scope
}

function render(tree: Tree, origin: string, scope: object): string {
  try {
    return engine.renderSync(tree, scope) as string
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ConfigError(`${origin}: the template cannot be filled: ${reason}.`, { cause })
  }
}
