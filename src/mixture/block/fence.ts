/**
 * Drafts are untrusted data. A fence that no worker can have seen says where one begins and ends, so that a draft cannot
 * pretend to end early, to be another draft, or to be an instruction.
 */
import { shortenText } from './shorten-text.ts'

/** 16 bytes in hex: 128 bits. */
export function createBoundary(randomBytes: (size: number) => Uint8Array): string {
  return Buffer.from(randomBytes(16)).toString('hex')
}

/** `text` between two lines that carry the boundary, in no more than `maxCharacters`. */
export function fence(
  text: string,
  {
    title,
    boundary,
    maxCharacters = Infinity,
  }: { readonly title: string; readonly boundary: string; readonly maxCharacters?: number },
): string {
  // Shortened before, so that no work goes into what is left out, and after, because a role token loses its power to a space.
  const shown = shortenText(harmless(shortenText(text, maxCharacters), boundary), maxCharacters)
  return `[${boundary} ${title} begins]\n${shown}\n[${boundary} ${title} ends]`
}

/**
 * Takes out the boundary and takes the power from role tokens. Where one hides behind characters that a server may drop or
 * fold on the way to its tokenizer, the text is shown as it reads without them; a NUL would end the text for some servers.
 */
function harmless(text: string, boundary: string): string {
  const shown = powerless(text.toWellFormed().replaceAll('\0', '\uFFFD'), boundary)
  const plain = undisguised(shown)
  const powerlessPlain = powerless(plain, boundary)
  return powerlessPlain === plain ? shown : powerlessPlain
}

/** Tokens that chat templates turn into roles; a server that tokenizes a message as markup would obey them. */
const roleTokens =
  /<[|｜][^<>|｜\s]{1,40}[|｜]?>|<[^<>|｜\s]{1,40}[|｜]>|<(?:start|end)_of_turn>|<<\/?SYS>>|<\/?s>|<(?:bos|eos|sop|eop)>|\[\/?(?:INST|SYSTEM_PROMPT|TOOL_CALLS|TOOL_RESULTS|AVAILABLE_TOOLS|gMASK)\]/gi

/** `<|im_start|>` becomes `< |im_start|>`. */
function powerless(text: string, boundary: string): string {
  return withoutBoundary(text, boundary).replace(roleTokens, (token) => `${token.slice(0, 1)} ${token.slice(1)}`)
}

/** A mark stays, or the halves around a boundary could meet. */
function withoutBoundary(text: string, boundary: string): string {
  return text.toLowerCase().includes(boundary) ? text.replaceAll(new RegExp(boundary, 'gi'), '…') : text
}

const unusual = /[^\t\n\r -~]/
const unseen = /[[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]--[\t\n\r]]/gv

/** Without characters that nobody sees, and with letters of other widths and styles as plain ones. */
function undisguised(text: string): string {
  return unusual.test(text) ? text.replace(unseen, '').normalize('NFKC') : text
}
