/**
 * Drafts are untrusted data. A fence that no worker can have seen says where one begins and ends, so that a draft cannot
 * pretend to end early, to be another draft, or to be an instruction.
 */

/** 16 bytes in hex: 128 bits. */
export function createBoundary(randomBytes: (size: number) => Uint8Array): string {
  return Buffer.from(randomBytes(16)).toString('hex')
}

/** `text` between two lines that carry the boundary. */
export function fence(
  text: string,
  { title, boundary }: { readonly title: string; readonly boundary: string },
): string {
  return `[${boundary} ${title} begins]\n${harmless(text, boundary)}\n[${boundary} ${title} ends]`
}

/** Tokens that chat templates turn into roles; a server that tokenizes a message as markup would obey them. */
const roleTokens =
  /<\|[\w-]{1,40}\|>|<｜[^<>]{1,40}｜>|<(?:start|end)_of_turn>|<<\/?SYS>>|\[\/?(?:INST|SYSTEM_PROMPT|TOOL_CALLS|AVAILABLE_TOOLS)\]|<\/?s>/gi

/** Takes out the boundary (a mark stays, or its halves could meet) and takes the power from role tokens: `<|im_start|>` becomes `< |im_start|>`. */
function harmless(text: string, boundary: string): string {
  return text
    .replaceAll(new RegExp(boundary, 'gi'), '…')
    .replace(roleTokens, (token) => `${token.slice(0, 1)} ${token.slice(1)}`)
}
