/**
 * Reads a request body once, before anything trusts it. What two readers could understand differently (a key that
 * occurs twice, bytes that are no UTF-8), and what would hold the whole process up, is refused.
 */
import { isUtf8 } from 'node:buffer'
import { RequestError } from '../chat/errors.ts'
import { type Fields, isObject } from '../chat/loose-json.ts'
import { endOfJsonString } from './json-string.ts'

export interface JsonBody {
  readonly value: Fields
  /** The text that `value` was parsed from. */
  readonly source: string
}

const maxDepth = 64
/** Ten megabytes in one string take 13 ms to parse, in 700,000 objects a second: bytes alone are no limit. */
const maxNodes = 200_000

/**
 * @param bytes the body as it came, UTF-8 JSON
 * @throws RequestError `invalid_json`, `invalid_utf8`, `json_too_complex`, `duplicate_key`
 */
export function parseJsonBody(bytes: Uint8Array): JsonBody {
  const source = decode(bytes)
  const { keys, depth, nodes } = measure(source)
  if (depth > maxDepth) throw tooComplex(`is nested deeper than ${maxDepth} levels`)
  if (nodes > maxNodes) throw tooComplex(`has more than ${maxNodes} values`)
  const value = parseObject(source)
  if (countKeys(value) !== keys) {
    throw new RequestError('duplicate_key', 'The request body has an object in which a key occurs twice.')
  }
  return { value, source }
}

function decode(bytes: Uint8Array): string {
  if (bytes.length === 0) throw new RequestError('invalid_json', 'The request has no body; send a JSON object.')
  if (!isUtf8(bytes)) throw new RequestError('invalid_utf8', 'The request body is not valid UTF-8.')
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

function parseObject(text: string): Fields {
  const value = parse(text)
  if (isObject(value)) return value
  throw new RequestError('invalid_json', 'The request body must be a JSON object.')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new RequestError('invalid_json', `The request body is not valid JSON: ${(cause as Error).message}`, { cause })
  }
}

interface Measure {
  /** Colons outside strings: one per key that is written. */
  readonly keys: number
  readonly depth: number
  /** At least as many as there are values. */
  readonly nodes: number
}

/** Counts without parsing, jumping over strings: most of a chat is in them. */
function measure(json: string): Measure {
  let [keys, commas, opened, open, depth] = [0, 0, 0, 0, 0]
  for (let at = 0; at < json.length; at += 1) {
    switch (json.charCodeAt(at)) {
      case 0x22: // "
        at = endOfJsonString(json, at) - 1
        break
      case 0x3a: // :
        keys += 1
        break
      case 0x2c: // ,
        commas += 1
        break
      case 0x7b: // {
      case 0x5b: // [
        opened += 1
        open += 1
        if (open > depth) depth = open
        break
      case 0x7d: // }
      case 0x5d: // ]
        open -= 1
        break
    }
  }
  return { keys, depth, nodes: commas + opened + 1 }
}

/** The keys that are left after parsing: fewer than were written where one object had a key twice. */
function countKeys(value: object): number {
  let keys = 0
  if (Array.isArray(value)) {
    for (const item of value as readonly unknown[]) if (isContainer(item)) keys += countKeys(item)
    return keys
  }
  for (const key in value) {
    if (key === '__proto__') throw forbiddenKey(key)
    keys += 1
    const inner = (value as Record<string, unknown>)[key]
    if (!isContainer(inner)) continue
    if (key === 'constructor' && Object.hasOwn(inner, 'prototype')) throw forbiddenKey('constructor.prototype')
    keys += countKeys(inner)
  }
  return keys
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function forbiddenKey(key: string): RequestError {
  return new RequestError('invalid_request', `The request body has the key "${key}", which is never taken.`)
}

function tooComplex(what: string): RequestError {
  return new RequestError('json_too_complex', `The request body ${what}.`)
}
