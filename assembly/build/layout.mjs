// The one place that says where things lie in linear memory, what a status code means and how a record is laid out.
// `emitLayouts()` writes the same facts for AssemblyScript (`assembly/generated/layout.ts`) and for TypeScript
// (`src/core/generated/layout.ts`), so the two sides cannot drift apart.
//
// Memory: static tables ("constants", placed by the compiler) come first; then the regions below, in order, each aligned
// to 64 bytes. Nothing outside `constants` is non-zero between calls, except the two kinds of numbered slot marked
// `slots` (KEK schedules and KDF jobs), which live until their owner releases them.
import { mkdirSync, writeFileSync } from 'node:fs';

const KiB = 1024;
const MiB = 1024 * KiB;

/** Bytes at the start of memory that the compiler fills with tables; the build fails when they do not fit. */
export const CONSTANTS_BYTES = 16 * KiB;

/** Regions of the core module: [name, bytes, what it holds]. */
const CORE_REGIONS = [
  ['AES_SCRATCH', 16 * KiB, 'key schedules of the running call, bit-sliced state, one chain of blocks'],
  ['HASH_SCRATCH', 1 * KiB, 'hash states, message schedule, padding block, HMAC states'],
  ['KDF_SCRATCH', 2 * KiB, 'lane states and message schedules of the running derivation step'],
  ['DER_SCRATCH', 8 * KiB, 'stack of open elements'],
  ['TTLV_SCRATCH', 4 * KiB, 'stack of open structures'],
  ['TEXT_SCRATCH', 64, 'the last, partial block of hex or base64'],
  ['TTLV_IN', 64 * KiB, 'the TTLV message being read'],
  ['TTLV_OUT', 1 * MiB, 'the TTLV message being written'],
  ['KEK_SLOTS', 16 * 2432, 'cached KEK schedules (slots: outlive a call)'],
  ['KDF_SLOTS', 16 * 512, 'derivation jobs between two slices (slots: outlive a call)'],
  ['IN', 64 * KiB, 'window for small inputs'],
  ['OUT', 64 * KiB, 'window for small outputs'],
  ['ARENA', 8 * MiB, 'one whole input'],
  ['ARENA_DER', 8 * MiB + 64 * KiB, 'its DER form, or the output of a writer'],
  ['ARENA_RECORDS', 7 * MiB, 'records made from it'],
];
const LEGACY_REGIONS = [
  ['LEGACY_SCRATCH', 2 * KiB, 'key schedule, or permutation state'],
  ['LEGACY_KEY', 512, 'key, and behind it the IV'],
  ['LEGACY_DATA', 8 * MiB + 64, 'the message, worked on in place, with room for padding'],
];

/**
 * Status of a wasm call. Non-negative: success, a length or a count. Negative: `-(offset * 128 + code)`, where offset is
 * the byte of the input at which the fault was seen (0 where a place makes no sense or would tell a secret).
 */
export const STATUS = {
  LENGTH: 1, // an argument's length is not allowed here
  INTEGRITY: 2, // ICV, MAC or padding did not verify: one code, one wording, whatever failed
  CAPACITY: 3, // does not fit the region it must go into
  SLOT: 4, // no such slot, or none free
  ARGUMENT: 5, // an unknown algorithm number or a count out of range
  ENCODING: 6, // not hex or base64
  // DER and PFX: 16..47
  DER_TRUNCATED: 16, // input ends inside an element
  DER_TAG: 17, // tag malformed, or not the one the grammar wants here
  DER_LENGTH: 18, // length malformed, too large, or overruns its parent
  DER_DEPTH: 19, // deeper than the limit
  DER_COUNT: 20, // more elements than the limit
  DER_TRAILING: 21, // bytes after the end
  DER_EOC: 22, // end-of-contents missing or misplaced
  DER_VALUE: 23, // contents not allowed for their type
  DER_MISSING: 24, // a required element is absent
  // TTLV: 48..63
  TTLV_TRUNCATED: 48,
  TTLV_TAG: 49,
  TTLV_TYPE: 50,
  TTLV_LENGTH: 51,
  TTLV_PADDING: 52,
  TTLV_BOOLEAN: 53,
  TTLV_DEPTH: 54,
  TTLV_COUNT: 55,
  TTLV_TRAILING: 56,
  TTLV_UTF8: 57,
  TTLV_STATE: 58, // writer: close without open, or open left
};

/**
 * Records of 32-bit words: the names of the words, in order. AssemblyScript gets byte offsets, TypeScript word indices.
 * TAPE is the index of DER elements in order of appearance, a child after its parent; FIELD is what a grammar found.
 */
const RECORDS = {
  TAPE: ['OFFSET', 'META', 'LENGTH', 'NEXT'], // of the identifier; see TAPE_*; of the contents; first record behind its last child
  FIELD: ['KIND', 'OFFSET', 'LENGTH', 'DEPTH'], // one of FIELD_*; where in the DER form; nesting of SafeContents
  DER_RESULT: ['BASE', 'LENGTH', 'COUNT', 'FIELDS', 'WAS_BER'], // address and length of the DER form, records, fields
};

/** Numbers that both sides of the DER and PFX code use. */
const NUMBERS = {
  // TAPE.META: leading identifier octet (bits 0-7), high tag number (8-19), header length (20-27), flags
  TAPE_TAG_MASK: 0xfffff,
  TAPE_HEADER_SHIFT: 20,
  TAPE_MERGE: 1 << 28, // a constructed string: its segments become one primitive
  TAPE_SORT: 1 << 29, // writer: a SET OF, sorted by encoding when closed
  TAPE_RAW: 1 << 30, // writer: the bytes are whole elements already
  TAPE_WRAP: 0x80000000, // writer: a primitive whose contents are the child elements
  DER_REFUSE_TRAILING: 0,
  DER_ALLOW_TRAILING_ZEROS: 1,
  DER_ALLOW_TRAILING: 2,
};

/** Kinds of FIELD records, from 1. */
export const FIELD_KINDS = [
  'VERSION',
  'CONTENT_TYPE',
  'CONTENT', // octets of an OCTET STRING; of an unknown content type the whole element
  'ALGORITHM', // whole AlgorithmIdentifier
  'ALGORITHM_OID',
  'ALGORITHM_PARAMETERS', // whole element
  'MAC_DIGEST',
  'MAC_SALT',
  'MAC_ITERATIONS',
  'SAFE', // whole ContentInfo
  'CIPHERTEXT',
  'BAG', // whole SafeBag
  'BAG_ID',
  'BAG_VALUE', // whole element inside [0]
  'NESTED', // the bag holds SafeContents: its bags follow, one deeper
  'ATTRIBUTE', // whole Attribute
  'ATTRIBUTE_ID',
  'ATTRIBUTE_VALUE', // whole element
];

/** Where the grammar of PKCS#12 can be when it fails, by `derPlace`; the names that an error's path shows. */
export const PLACES = [
  '',
  'PFX',
  'ContentInfo',
  'MacData',
  'DigestInfo',
  'AlgorithmIdentifier',
  'AuthenticatedSafe',
  'EncryptedData',
  'EncryptedContentInfo',
  'SafeContents',
  'SafeBag',
  'Attribute',
];

/** The record layouts and numbers as `export const` lines; `step` is the distance of two words. */
function emitRecords(step, type) {
  const one = (name, value, of = type) => `export const ${name}${of} = ${value};\n`;
  const u32 = type === '' ? '' : ': u32';
  return [
    ...Object.entries(RECORDS).flatMap(([name, words]) => [
      ...words.map((w, i) => one(`${name}_${w}`, i * step)),
      one(`${name}_RECORD`, words.length * step),
    ]),
    ...Object.entries(NUMBERS).map(([name, value]) => one(name, value >>> 0, u32)),
    ...FIELD_KINDS.map((name, i) => one(`FIELD_${name}`, i + 1, u32)),
  ].join('');
}

const align = (n) => (n + 63) & ~63;

/** Gives every region its address. */
export function place(regions) {
  let at = CONSTANTS_BYTES;
  const placed = regions.map(([name, bytes, holds]) => {
    const region = { name, address: at, bytes, holds };
    at = align(at + bytes);
    return region;
  });
  return { placed, pages: Math.ceil(at / 65536) };
}

export const core = place(CORE_REGIONS);
export const legacy = place(LEGACY_REGIONS);

const HEAD = '// Generated by assembly/build/layout.mjs. Do not edit.\n';

export function emitLayouts(root) {
  const as = (module, withStatus) =>
    HEAD +
    module.placed
      .map(
        (r) =>
          `/** ${r.holds} */\nexport const ${r.name}: usize = ${r.address};\nexport const ${r.name}_BYTES: usize = ${r.bytes};\n`,
      )
      .join('') +
    (withStatus
      ? Object.entries(STATUS)
          .map(([k, v]) => `export const E_${k}: i32 = ${v};\n`)
          .join('')
      : '');
  const ts =
    HEAD +
    `/** Bytes at the start of memory that hold the static tables. */\nexport const CONSTANTS_BYTES = ${CONSTANTS_BYTES};\n` +
    [...core.placed, ...legacy.placed]
      .map(
        (r) =>
          `/** ${r.holds} */\nexport const ${r.name} = ${r.address};\nexport const ${r.name}_BYTES = ${r.bytes};\n`,
      )
      .join('') +
    `/** Every region of the core, in order. */\nexport const CORE_REGIONS: readonly { readonly name: string; readonly address: number; readonly bytes: number }[] = ${JSON.stringify(core.placed.map(({ name, address, bytes }) => ({ name, address, bytes })))};\n` +
    `/** Every region of the legacy module, in order. */\nexport const LEGACY_REGIONS: readonly { readonly name: string; readonly address: number; readonly bytes: number }[] = ${JSON.stringify(legacy.placed.map(({ name, address, bytes }) => ({ name, address, bytes })))};\n` +
    `/** Status codes of the wasm (see assembly/build/layout.mjs). */\nexport const STATUS = ${JSON.stringify(STATUS, null, 2)} as const;\n` +
    emitRecords(1, '') +
    `/** The structures that the grammar of PKCS#12 names, by number. */\nexport const PLACES: readonly string[] = ${JSON.stringify(PLACES)};\n`;
  const put = (file, text) => {
    mkdirSync(new URL('.', new URL(file, root)), { recursive: true });
    writeFileSync(new URL(file, root), text);
  };
  put('assembly/generated/layout.ts', as(core, true) + emitRecords(4, ': usize'));
  put(
    'assembly/legacy/generated/layout.ts',
    as(legacy, false) +
      Object.entries(STATUS)
        .filter(([, v]) => v < 16)
        .map(([k, v]) => `export const E_${k}: i32 = ${v};\n`)
        .join(''),
  );
  put('src/core/generated/layout.ts', ts);
}
