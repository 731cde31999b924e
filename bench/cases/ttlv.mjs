// TTLV: the two messages of a client that fetches a key, KMIP 1.1: a 280-byte Get response and a 120-byte Get request.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ours } from '../libs.mjs';

const UNIQUE_ID = '1742';

// ---- the messages, made by hand: [tag, type, content]; 01 structure, 02 integer, 05 enumeration, 07 text, 08 bytes, 09 date

function item(tag, type, body) {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(tag * 256 + type, 0);
  head.writeUInt32BE(body.length, 4);
  return Buffer.concat([head, body, Buffer.alloc(-body.length & 7)]);
}
function number(tag, type, value) {
  const body = Buffer.alloc(4);
  body.writeInt32BE(value);
  return item(tag, type, body);
}
const structure = (tag, ...items) => item(tag, 1, Buffer.concat(items));
const integer = (tag, value) => number(tag, 2, value);
const enumeration = (tag, value) => number(tag, 5, value);
const text = (tag, value) => item(tag, 7, Buffer.from(value));
const bytes = (tag, value) => item(tag, 8, value);
function date(tag, seconds) {
  const body = Buffer.alloc(8);
  body.writeBigInt64BE(BigInt(seconds));
  return item(tag, 9, body);
}
const VERSION = structure(0x420069, integer(0x42006a, 1), integer(0x42006b, 1));

function getResponse(key) {
  const keyBlock = structure(
    0x420040,
    enumeration(0x420042, 1), // Key Format Type: Raw
    structure(0x420045, bytes(0x420043, key)),
    enumeration(0x420028, 3), // Cryptographic Algorithm: AES
    integer(0x42002a, 256),
  );
  return structure(
    0x42007b,
    structure(0x42007a, VERSION, date(0x420092, 1_735_689_600), integer(0x42000d, 1)),
    structure(
      0x42000f,
      enumeration(0x42005c, 10), // Operation: Get
      enumeration(0x42007f, 0), // Result Status: Success
      structure(0x42007c, enumeration(0x420057, 2), text(0x420094, UNIQUE_ID), structure(0x42008f, keyBlock)),
    ),
  );
}

function getRequest() {
  return structure(
    0x420078,
    structure(0x420077, VERSION, integer(0x42000d, 1)),
    structure(0x42000f, enumeration(0x42005c, 10), structure(0x420079, text(0x420094, UNIQUE_ID))),
  );
}

/**
 * The plain TypeScript codec (thirdparty/ttlv-plain.ts), its types stripped here.
 * @returns {Promise<{ decodeGetResponse(bytes: Uint8Array): any, encodeGetRequest(uniqueId: string): Uint8Array }>}
 */
async function plain() {
  const source = readFileSync(new URL('../thirdparty/ttlv-plain.ts', import.meta.url), 'utf8');
  const { transpileModule, ModuleKind, ScriptTarget } = (await import('typescript')).default;
  const compilerOptions = { module: ModuleKind.ESNext, target: ScriptTarget.ES2023 };
  const { outputText } = transpileModule(source, { compilerOptions });
  return import(`data:text/javascript,${encodeURIComponent(outputText)}`);
}

/** Peers by name, those left out that do not exist. */
const peersOf = (run) => (run ? { 'plain TypeScript': run } : {});

const decode = {
  id: 'ttlv-decode-get-response',
  op: 'decode a 280-byte Get response into unique identifier, algorithm, length and key bytes; copies wiped',
  async setup() {
    const { decodeGetResponse } = await ours('ttlv');
    const codec = await plain();
    const key = randomBytes(32);
    const message = new Uint8Array(getResponse(key));
    const want = JSON.stringify([UNIQUE_ID, 3, 256, [...key]]);
    return {
      same: (_, r) => JSON.stringify([r.uniqueIdentifier, r.algorithm, r.lengthBits, [...r.key]]) === want,
      ours: decodeGetResponse && (() => decodeGetResponse(message)),
      peers: peersOf(codec && (() => codec.decodeGetResponse(message))),
    };
  },
};

const encode = {
  id: 'ttlv-encode-get-request',
  op: 'encode a 120-byte Get request for a unique identifier',
  async setup() {
    const { encodeGetRequest } = await ours('ttlv');
    const codec = await plain();
    return {
      expected: getRequest(),
      ours: encodeGetRequest && (() => encodeGetRequest(UNIQUE_ID)),
      peers: peersOf(codec && (() => codec.encodeGetRequest(UNIQUE_ID))),
    };
  },
};

export const family = { id: 'ttlv', title: 'TTLV', cases: [decode, encode] };
