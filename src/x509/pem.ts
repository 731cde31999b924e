/**
 * PEM, the textual encodings of PKIX (RFC 7468), and the header lines of OpenSSL's old encrypted keys (RFC 1421 §4.6). Text around
 * the blocks is allowed and ignored. Layer: x509.
 *
 *   -----BEGIN LABEL-----
 *   [Name: value …, an empty line]
 *   base64 …
 *   -----END LABEL-----
 */
import { decodeBase64 } from '../core/index.ts';
import { FormatError } from '../errors.ts';

/** One block. */
export interface PemBlock {
  /** `CERTIFICATE`, `PRIVATE KEY`, … */
  readonly label: string;
  /** Such as `Proc-Type`; none in what current tools write. */
  readonly headers: Readonly<Record<string, string>>;
  /** What the base64 stands for; the caller's to wipe where it is a key. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where the block begins, in characters. */
  readonly offset: number;
}

/**
 * Finds the PEM blocks of a text, in order.
 *
 * @throws {FormatError} ERR_PEM with the offset of a block that has no end, or whose body is not base64
 * @example
 * for (const { label, bytes } of parsePem(text)) if (label === 'CERTIFICATE') parseCertificate(bytes);
 */
export function parsePem(text: string): readonly PemBlock[] {
  const blocks: PemBlock[] = [];
  const begin = /^-----BEGIN ([A-Z0-9 .#-]+)-----[ \t]*\r?$/gm;
  for (let found = begin.exec(text); found !== null; found = begin.exec(text)) {
    const label = found[1] ?? '';
    const bodyAt = begin.lastIndex;
    const end = text.indexOf(`-----END ${label}-----`, bodyAt);
    if (end < 0) throw new FormatError('ERR_PEM', `the block "${label}" has no end`, { offset: found.index });
    const { headers, base64 } = splitHeaders(text.slice(bodyAt, end));
    blocks.push({ label, headers, bytes: decodeBody(base64, label, found.index), offset: found.index });
    begin.lastIndex = end;
  }
  return blocks;
}

function decodeBody(base64: string, label: string, offset: number): Uint8Array<ArrayBuffer> {
  try {
    return decodeBase64(base64.replace(/\s+/g, ''));
  } catch (error) {
    // Its offset counts in the text without the white space, which is not the caller's text.
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError('ERR_PEM', `the block "${label}" is not base64`, { offset }, { cause: error });
  }
}

function splitHeaders(body: string): { readonly headers: Record<string, string>; readonly base64: string } {
  const headers: Record<string, string> = {};
  const lines = body.split(/\r?\n/);
  let at = lines[0]?.trim() === '' ? 1 : 0;
  for (; at < lines.length; at++) {
    const match = /^([A-Za-z0-9-]+):[ \t]*(.*?)[ \t]*$/.exec(lines[at] ?? '');
    if (match === null) break;
    headers[match[1] ?? ''] = match[2] ?? '';
  }
  return { headers, base64: lines.slice(at).join('') };
}
