/** Every model that a config names, and on which upstream each of them is. */
import { nearestName } from '../chat/nearest-name.ts'
import type { ModelConfig, OpenAiUpstreamConfig, UpstreamConfig } from './config.ts'
import type { ConfigFile, MemberFile, ModelFile } from './config-file.ts'
import type { ConfigPath, Problems } from './problems.ts'
import type { TemplateReader } from './templates.ts'
import { known } from './known.ts'
import { defaultRetries, placeholderKey, resolveUpstream } from './resolve-upstream.ts'

export interface BookOptions {
  readonly folder: string
  readonly problems: Problems
  readonly templates: TemplateReader
}

type NamedModel = Exclude<MemberFile, string> & { readonly name: string }

const defaultBaseUrl = 'http://localhost:1234/v1'

export class ModelBook {
  readonly upstreams = new Map<string, UpstreamConfig>()
  readonly models = new Map<string, ModelConfig>()
  readonly #options: BookOptions
  readonly #mixtures: ReadonlySet<string>
  readonly #hasRouter: boolean
  /** True for the old form, in which every bare name is a model on the server of this machine. */
  readonly #takesBareNames: boolean

  constructor(file: ConfigFile, options: BookOptions) {
    this.#options = options
    this.#mixtures = new Set(file.mixtures?.map(({ name }) => name))
    this.#hasRouter = file.router !== undefined
    this.#takesBareNames = file.upstreams === undefined && file.models === undefined
    for (const [id, written] of Object.entries(file.upstreams ?? {}))
      this.upstreams.set(id, resolveUpstream(id, written, options.folder))
    file.models?.forEach((written, index) => {
      this.#declare(written, ['models', index])
    })
    this.#nameWholeUpstreams()
  }

  /** Takes in a model that is named where it is used: `{ name, base_url, api_key }`. */
  register(member: MemberFile, path: ConfigPath): void {
    if (typeof member !== 'string' && member.name !== undefined) this.#idOf({ ...member, name: member.name }, path)
  }

  /** The id that a member means; a problem, and the word itself, where it means none. */
  resolve(member: MemberFile, path: ConfigPath): string {
    if (typeof member === 'string') return this.resolveId(member, path)
    if (member.model !== undefined) return this.resolveId(member.model, [...path, 'model'])
    return this.#idOf({ ...member, name: member.name ?? '' }, path)
  }

  resolveId(id: string, path: ConfigPath): string {
    if (this.models.has(id) || this.#mixtures.has(id) || (id === 'router' && this.#hasRouter)) return id
    if (this.#takesBareNames) return this.#idOf({ name: id }, path)
    const nearest = nearestName(id, [...this.models.keys(), ...this.#mixtures])
    const hint = nearest === undefined ? 'add it to models' : `did you mean "${nearest}"?`
    this.#options.problems.add(path, `there is no model or mixture "${id}", ${hint}`)
    return id
  }

  /** Names the model once per server; on a second server it gets the server's name before its own. */
  #idOf({ name, base_url: baseUrl, api_key: apiKey, description }: NamedModel, path: ConfigPath): string {
    const standing = this.models.get(name)
    if (standing && baseUrl === undefined) return name
    const upstream = this.#implicitUpstream(baseUrl ?? defaultBaseUrl, apiKey)
    if (standing && standing.upstream !== upstream)
      return this.#add(`${upstream}/${name}`, { name, upstream, description }, path)
    return this.#add(name, { name, upstream, description }, path)
  }

  #add(
    id: string,
    {
      name,
      upstream,
      description,
    }: { readonly name: string; readonly upstream: string; readonly description: string | undefined },
    path: ConfigPath,
  ): string {
    const standing = this.models.get(id)
    const told = standing?.description ?? description
    if (!standing) this.#requireFree(id, path)
    const base = standing ?? {
      id,
      upstream,
      name,
      strengths: [],
      modalities: ['text' as const],
      tools: true,
      params: {},
    }
    this.models.set(id, { ...base, ...known({ description: told }) })
    return id
  }

  #declare(written: ModelFile, path: ConfigPath): void {
    const { id, upstream } = written
    if (this.models.has(id)) this.#options.problems.add([...path, 'id'], `there are two models "${id}"; rename one`)
    this.#requireFree(id, [...path, 'id'])
    if (!this.upstreams.has(upstream)) {
      const nearest = nearestName(upstream, this.upstreams.keys())
      const hint = nearest === undefined ? 'add it to upstreams' : `did you mean "${nearest}"?`
      this.#options.problems.add([...path, 'upstream'], `there is no upstream "${upstream}", ${hint}`)
    }
    this.models.set(id, this.#modelOf(written, path))
  }

  #modelOf(written: ModelFile, path: ConfigPath): ModelConfig {
    const { price, system_prompt: systemPrompt } = written
    return {
      id: written.id,
      upstream: written.upstream,
      name: written.name ?? written.id,
      strengths: written.strengths ?? [],
      modalities: written.modalities ?? ['text'],
      tools: written.tools ?? true,
      params: written.params ?? {},
      ...known({ description: written.description, quality: written.quality, contextWindow: written.context_window }),
      ...(price
        ? { price: { input: price.input, output: price.output, ...known({ cachedInput: price.cached_input }) } }
        : {}),
      ...(systemPrompt === undefined
        ? {}
        : { systemPrompt: this.#options.templates.readSystemPrompt(systemPrompt, [...path, 'system_prompt']) }),
    }
  }

  /** An upstream that is one model needs no entry in `models`: its name is the id. */
  #nameWholeUpstreams(): void {
    const used = new Set([...this.models.values()].map(({ upstream }) => upstream))
    for (const { id, kind } of this.upstreams.values()) {
      if ((kind === 'local' || kind === 'simulated') && !used.has(id))
        this.#add(id, { name: id, upstream: id, description: undefined }, ['upstreams', id])
    }
  }

  #requireFree(id: string, path: ConfigPath): void {
    const taken = id === 'router' ? 'the router' : this.#mixtures.has(id) ? 'a mixture' : undefined
    if (taken !== undefined) this.#options.problems.add(path, `"${id}" is the id of ${taken} already; rename the model`)
  }

  /** One upstream per server and key, named after the server; a model without a key uses the one known for its server. */
  #implicitUpstream(baseUrl: string, apiKey: string | undefined): string {
    const isFitting = (upstream: UpstreamConfig): upstream is OpenAiUpstreamConfig =>
      upstream.kind === 'openai' &&
      upstream.baseUrl === baseUrl &&
      (apiKey === undefined || upstream.apiKey === placeholderKey || upstream.apiKey === apiKey)
    const standing = [...this.upstreams.values()].find(isFitting)
    if (standing) {
      if (apiKey !== undefined) this.upstreams.set(standing.id, { ...standing, apiKey })
      return standing.id
    }
    const { host } = new URL(baseUrl)
    let id = host
    for (let count = 2; this.upstreams.has(id); count += 1) id = `${host}-${count}`
    const key = apiKey ?? placeholderKey
    this.upstreams.set(id, {
      kind: 'openai',
      id,
      baseUrl,
      apiKey: key,
      headers: {},
      quirks: [],
      maxRetries: defaultRetries,
    })
    return id
  }
}
