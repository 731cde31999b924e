/**
 * DER, as policy uses it: `readDer` walks a value with the core's cursor and leaves no copy behind; the node functions describe a
 * structure as a tree, which the core's writer encodes in one call. Grammar of the PFX itself, BER and limits are the core's.
 * Layer: pkcs12.
 */
import { DER, DerCursor, DerWriter, normalizeDer } from '../core/index.ts';
import { FormatError } from '../errors.ts';

/** A structure to be written: an element over parts or contents, or bytes that already are DER. */
export type DerNode = Uint8Array | ((writer: DerWriter) => unknown);

/**
 * Reads one element and nothing after it.
 *
 * @param bytes the element; not changed. The cursor's own copy is wiped
 * @param name names the structure in errors
 * @throws {FormatError} ERR_DER_…, with an offset within the element
 */
export function readDer<T>(bytes: Uint8Array, name: string, read: (cursor: DerCursor) => T): T {
  const { der } = normalizeDer(bytes);
  try {
    return readChecked(der, name, read);
  } finally {
    der.fill(0);
  }
}

/** Reads one element of DER that the core has checked already: a part of a bag. Nothing is copied; `read` says what it keeps. */
export function readChecked<T>(der: Uint8Array, name: string, read: (cursor: DerCursor) => T): T {
  const cursor = DerCursor.checked(der, [name]);
  const value = read(cursor);
  cursor.assertEnd();
  return value;
}

/** The fault of a value that is well-formed but not allowed where it stands. */
export function valueError(name: string, detail: string, offset: number = 0): FormatError {
  return new FormatError('ERR_DER_VALUE', `${name}: ${detail}`, { offset, path: [name] });
}

/** Refuses what is not exactly one element. @throws {FormatError} ERR_DER_… */
export function assertDer(bytes: Uint8Array, name: string): void {
  readDer(bytes, name, (cursor) => cursor.skip());
}

/** Writes a structure; the result is the caller's to wipe where it holds a secret. @throws {LimitError} ERR_DER_SIZE */
export function encodeDer(node: DerNode): Uint8Array<ArrayBuffer> {
  const writer = new DerWriter();
  put(writer, node);
  return writer.finish();
}

/** An element over other elements; with a primitive tag, one that holds their encoding. */
export function element(derTag: number, ...parts: readonly DerNode[]): DerNode {
  return (writer) => {
    writer.open(derTag);
    for (const part of parts) put(writer, part);
    writer.close();
  };
}

/** SEQUENCE. */
export function sequence(...parts: readonly DerNode[]): DerNode {
  return element(DER.SEQUENCE, ...parts);
}

/** SET OF: sorted by encoding when written (X.690 §11.6). */
export function setOf(parts: readonly DerNode[]): DerNode {
  return (writer) => {
    writer.openSetOf();
    for (const part of parts) put(writer, part);
    writer.close();
  };
}

/** [n] EXPLICIT. */
export function explicit(n: number, part: DerNode): DerNode {
  return element(0xa0 | n, part);
}

/** A primitive element with these contents. */
export function primitive(derTag: number, contents: Uint8Array): DerNode {
  return (writer) => writer.put(derTag, contents);
}

/** OCTET STRING with these contents. */
export function octetString(contents: Uint8Array): DerNode {
  return primitive(DER.OCTET_STRING, contents);
}

/** INTEGER. */
export function integer(value: number): DerNode {
  return (writer) => writer.putInteger(value);
}

/** OBJECT IDENTIFIER. */
export function objectIdentifier(dotted: string): DerNode {
  return (writer) => writer.putOid(dotted);
}

/** NULL. */
export function derNull(): DerNode {
  return (writer) => writer.putNull();
}

/** BMPString: UTF-16BE. [X.680 forbids surrogates in it; all writers put them there, and all readers take them.] */
export function bmpString(text: string): DerNode {
  const contents = new Uint8Array(2 * text.length);
  for (let i = 0; i < text.length; i++) {
    contents[2 * i] = text.charCodeAt(i) >>> 8;
    contents[2 * i + 1] = text.charCodeAt(i) & 0xff;
  }
  return primitive(DER.BMP_STRING, contents);
}

function put(writer: DerWriter, node: DerNode): void {
  if (node instanceof Uint8Array) writer.putRaw(node);
  else node(writer);
}
