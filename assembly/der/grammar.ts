// The grammar of PKCS#12 over a tape, to FIELD records. Three entry points for three nested encodings: the file, the
// AuthenticatedSafe inside its OCTET STRING, and the SafeContents inside each safe. The grammar itself is a table, made
// and explained by assembly/build/gen-pfx-grammar.mjs; here it is walked, without recursion. Which algorithms, versions
// and types are welcome is TypeScript's affair. Layer: DER.
// Constant time: no. Structure is public before decryption, and after it only lengths and identifiers steer.
import {
  ARENA,
  ARENA_RECORDS,
  ARENA_RECORDS_BYTES,
  DER_ALLOW_TRAILING,
  DER_RESULT_FIELDS,
  DER_SCRATCH,
  E_CAPACITY,
  E_DER_DEPTH,
  E_DER_MISSING,
  E_DER_TAG,
  E_DER_TRAILING,
  FIELD_DEPTH,
  FIELD_KIND,
  FIELD_LENGTH,
  FIELD_NESTED,
  FIELD_OFFSET,
  FIELD_RECORD,
  TAPE_MERGE,
  TAPE_META,
} from '../generated/layout';
import {
  GRAMMAR,
  RULE_AUTHENTICATED_SAFE,
  RULE_BAG_VALUE,
  RULE_DATA,
  RULE_ENCRYPTED,
  RULE_NESTED,
  RULE_OTHER,
  RULE_PFX,
  RULE_SAFE_CONTENTS,
  SELECT_OF_BAG,
  SELECT_OF_PFX,
  STEP_ANY,
  STEP_EACH,
  STEP_END,
  STEP_IS_DATA,
  STEP_OPTIONAL,
  STEP_WHOLE,
} from '../generated/pfx-grammar';
import { emit, emittedBytes, measure, origin } from './emit';
import { derBase, derCount, derRelease, scanArena, toDer, useArenas, useRecords } from './normalize';
import { STACK, STACK_ENTRIES, scannedBer } from './scan';
import { contentOf, endOf, failure, lengthOf, metaOf, nextOf, offsetOf, recordAt, tagOf } from './tape';

const INTEGER: u32 = 0x02;
const OCTET_STRING: u32 = 0x04;
const OID: u32 = 0x06;
const SEQUENCE: u32 = 0x30;
const CONTEXT_0: u32 = 0xa0; // [0] EXPLICIT

// Contents of the three OBJECT IDENTIFIERs on which the grammar turns, read as numbers.
/** pkcs-7 1.2.840.113549.1.7, all but its last arc: 2a 86 48 86 f7 0d 01 07, little-endian. */
const PKCS7: u64 = 0x07010df78648862a;
const PKCS7_DATA: u32 = 1;
const PKCS7_ENCRYPTED_DATA: u32 = 6;
/** safeContentsBag 1.2.840.113549.1.12.10.1.6: 2a 86 48 86 f7 0d 01 0c, then 0a 01 06. */
const PKCS12: u64 = 0x0c010df78648862a;
const PKCS12_SAFE_CONTENTS_BAG: u32 = 0x06010a;

/** Where the grammar is: an index of PLACES in layout.mjs. */
let place: u32 = 0;
/** FIELD records written. */
let fields: u32 = 0;

/** Where the last grammar stopped; 0 when it had not begun. */
export function derPlace(): i32 {
  return <i32>place;
}

/** The type of a ContentInfo: the last arc below pkcs-7, 0 for anything else. */
function contentType(base: usize, oid: u32): u32 {
  const at = base + contentOf(oid);
  return lengthOf(oid) === 9 && load<u64>(at) === PKCS7 ? <u32>load<u8>(at, 8) : 0;
}

function isSafeContentsBag(oid: u32): bool {
  const at = derBase + contentOf(oid);
  return lengthOf(oid) === 11 && load<u64>(at) === PKCS12 && load<u32>(at, 7) >>> 8 === PKCS12_SAFE_CONTENTS_BAG;
}

/** The rule for what an explicit tag holds, by the OBJECT IDENTIFIER in front of it. */
function select(by: u32, oid: u32): u32 {
  if (by === SELECT_OF_BAG) return isSafeContentsBag(oid) ? RULE_NESTED : RULE_BAG_VALUE;
  const type = contentType(derBase, oid);
  if (type === PKCS7_DATA) return RULE_DATA;
  return type === PKCS7_ENCRYPTED_DATA && by !== SELECT_OF_PFX ? RULE_ENCRYPTED : RULE_OTHER;
}

/** Writes one FIELD behind the tape. */
function put(kind: u32, offset: u32, length: u32, nesting: u32): i32 {
  const at = recordAt(derCount) + <usize>fields * FIELD_RECORD;
  if (at + FIELD_RECORD > ARENA_RECORDS + ARENA_RECORDS_BYTES) return -E_CAPACITY;
  store<u32>(at + FIELD_KIND, kind);
  store<u32>(at + FIELD_OFFSET, offset);
  store<u32>(at + FIELD_LENGTH, length);
  store<u32>(at + FIELD_DEPTH, nesting);
  fields++;
  useRecords(at + FIELD_RECORD);
  return 0;
}

/**
 * Walks the tape's one element, a SEQUENCE, by a rule. `step` is the component that the element at `i`, a child of
 * `parent`, must be; the stack keeps parent and step of the elements around.
 */
function walk(rule: u32, maxNesting: u32): i32 {
  let step = GRAMMAR + ((<usize>rule) << 2);
  let parent: u32 = 0;
  let i: u32 = 1;
  let entry = STACK;
  let nesting: u32 = 0; // SafeContents around this one
  place = load<u8>(step, 3) >>> 4;
  if (tagOf(0) !== SEQUENCE) return failure(E_DER_TAG, 0);
  let status: i32 = 0;
  while (status === 0) {
    const derTag = <u32>load<u8>(step);
    const kind = <u32>load<u8>(step, 1);
    let into = <u32>load<u8>(step, 2);
    const flags = <u32>load<u8>(step, 3);
    const end = nextOf(parent);
    place = flags >>> 4;
    let done: bool = true; // with this step
    if (derTag === STEP_END) {
      if (i < end) return failure(E_DER_TRAILING, offsetOf(i));
      if (entry === STACK) return 0;
      entry -= 8;
      parent = load<u32>(entry);
      step = load<u32>(entry, 4);
      if (<u32>load<u8>(step, 2) === RULE_SAFE_CONTENTS) nesting--;
      i = end;
      done = (load<u8>(step, 3) & <u8>STEP_EACH) === 0;
    } else if (i === end) {
      if ((flags & (STEP_OPTIONAL | STEP_EACH)) === 0) return failure(E_DER_MISSING, endOf(parent));
    } else {
      if (derTag !== STEP_ANY && tagOf(i) !== derTag) return failure(E_DER_TAG, offsetOf(i));
      if (flags & STEP_IS_DATA && contentType(derBase, i) !== PKCS7_DATA) return failure(E_DER_TAG, offsetOf(i));
      if (kind !== 0) {
        const from = flags & STEP_WHOLE ? offsetOf(i) : contentOf(i);
        status = put(kind, from, endOf(i) - from, nesting);
      }
      if (into >= SELECT_OF_PFX) into = select(into, i - 1);
      if (into === 0) {
        i = nextOf(i);
        done = (flags & STEP_EACH) === 0;
      } else {
        if (into === RULE_SAFE_CONTENTS) {
          if (nesting === maxNesting) return failure(E_DER_DEPTH, offsetOf(i));
          if (status === 0) status = put(FIELD_NESTED, 0, 0, nesting);
          nesting++;
        }
        store<u32>(entry, parent);
        store<u32>(entry, <u32>step, 4);
        entry += 8;
        parent = i++;
        step = GRAMMAR + ((<usize>into) << 2);
        done = false;
      }
    }
    if (done) step += 4;
  }
  return status;
}

/** Says whether `i` is a child of `parent` (so not behind its last one) and has the tag. */
function isAt(i: u32, parent: u32, derTag: u32): bool {
  return i < nextOf(parent) && tagOf(i) === derTag;
}

/**
 * In the BER of an AuthenticatedSafe, an encryptedContent in segments, `[0] IMPLICIT` constructed, looks like any
 * explicit tag. This finds each by its place and marks it as a string, so that it becomes one primitive.
 * Returns 1 when there was one, 0 when there was none, or a status.
 */
function markCiphertexts(): i32 {
  let marked: i32 = 0;
  for (let i: u32 = 1; i < nextOf(0); i = nextOf(i)) {
    // ContentInfo: OID, [0] { SEQUENCE { INTEGER, SEQUENCE { OID, SEQUENCE, [0] … } } }
    if (!isAt(i, 0, SEQUENCE) || !isAt(i + 1, i, OID) || contentType(ARENA, i + 1) !== PKCS7_ENCRYPTED_DATA) continue;
    if (!isAt(i + 2, i, CONTEXT_0) || !isAt(i + 3, i + 2, SEQUENCE) || !isAt(i + 4, i + 3, INTEGER)) continue;
    const info = i + 5;
    if (!isAt(info, i + 3, SEQUENCE) || !isAt(info + 1, info, OID) || !isAt(info + 2, info, SEQUENCE)) continue;
    const ciphertext = nextOf(info + 2);
    if (!isAt(ciphertext, info, CONTEXT_0)) continue;
    for (let s = ciphertext + 1; s < nextOf(ciphertext); s = nextOf(s)) {
      if ((tagOf(s) & ~0x20) !== OCTET_STRING) return failure(E_DER_TAG, offsetOf(s));
    }
    store<u32>(recordAt(ciphertext) + TAPE_META, metaOf(ciphertext) | TAPE_MERGE);
    marked = 1;
  }
  return marked;
}

/** Ends a grammar: on success DER_RESULT gets the count of FIELDs, else everything is wiped. */
function finish(status: i32): i32 {
  if (status < 0) derRelease();
  else store<u32>(DER_SCRATCH + DER_RESULT_FIELDS, fields);
  return status;
}

/** Reads the file in ARENA. Returns 0 or a status; offsets of grammar faults are in the DER form. */
export function pfxRead(len: usize, maxDepth: u32, maxRecords: u32, trailing: u32): i32 {
  place = fields = 0;
  const scanned = scanArena(len, maxDepth, maxRecords, trailing);
  const status = toDer(scanned, scannedBer);
  return finish(status < 0 ? status : walk(RULE_PFX, 0));
}

/** Reads the octets of an authSafe. Returns as `pfxRead`. */
export function authSafeRead(len: usize, maxDepth: u32, maxRecords: u32, trailing: u32): i32 {
  place = fields = 0;
  let status = scanArena(len, maxDepth, maxRecords, trailing);
  if (status >= 0) {
    const marked = markCiphertexts();
    status = marked < 0 ? marked : toDer(status, scannedBer || marked === 1);
  }
  return finish(status < 0 ? status : walk(RULE_AUTHENTICATED_SAFE, 0));
}

/** Reads the octets or the plaintext of one safe. Returns as `pfxRead`. */
export function safeContentsRead(len: usize, maxDepth: u32, maxRecords: u32, trailing: u32, maxNesting: u32): i32 {
  place = fields = 0;
  const scanned = scanArena(len, maxDepth, maxRecords, trailing);
  const status = toDer(scanned, scannedBer);
  return finish(status < 0 ? status : walk(RULE_SAFE_CONTENTS, maxNesting));
}

/**
 * Finds the byte of the BER in ARENA from which the byte at `offset` of its DER form came, so that a fault found in the
 * DER form can be shown in the file. The input has been read before; everything is wiped.
 */
export function derOrigin(len: usize, offset: u32, isAuthenticatedSafe: bool): i32 {
  let status = scanArena(len, STACK_ENTRIES, u32.MAX_VALUE, DER_ALLOW_TRAILING);
  const count = <u32>status;
  if (status >= 0 && isAuthenticatedSafe) status = markCiphertexts();
  if (status >= 0) status = measure(count);
  if (status >= 0) status = emit(ARENA, count, offset);
  useArenas(len, emittedBytes);
  derRelease();
  return status < 0 ? status : <i32>origin;
}
