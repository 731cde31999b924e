// The grammar of PKCS#12 (RFC 7292 clause 4, RFC 5652 clauses 3 and 8 for the envelopes) over a tape, to FIELD records.
// Three entry points for three nested encodings: the file, the AuthenticatedSafe inside its OCTET STRING, and the
// SafeContents inside each safe. No recursion; which algorithms, versions and types are welcome is TypeScript's affair.
// Layer: DER.
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
  FIELD_ALGORITHM,
  FIELD_ALGORITHM_OID,
  FIELD_ALGORITHM_PARAMETERS,
  FIELD_ATTRIBUTE,
  FIELD_ATTRIBUTE_ID,
  FIELD_ATTRIBUTE_VALUE,
  FIELD_BAG,
  FIELD_BAG_ID,
  FIELD_BAG_VALUE,
  FIELD_CIPHERTEXT,
  FIELD_CONTENT,
  FIELD_CONTENT_TYPE,
  FIELD_DEPTH,
  FIELD_KIND,
  FIELD_LENGTH,
  FIELD_MAC_DIGEST,
  FIELD_MAC_ITERATIONS,
  FIELD_MAC_SALT,
  FIELD_NESTED,
  FIELD_OFFSET,
  FIELD_RECORD,
  FIELD_SAFE,
  FIELD_VERSION,
  PLACE_ALGORITHM_IDENTIFIER,
  PLACE_ATTRIBUTE,
  PLACE_AUTHENTICATED_SAFE,
  PLACE_CONTENT_INFO,
  PLACE_DIGEST_INFO,
  PLACE_ENCRYPTED_CONTENT_INFO,
  PLACE_ENCRYPTED_DATA,
  PLACE_MAC_DATA,
  PLACE_PFX,
  PLACE_SAFE_BAG,
  PLACE_SAFE_CONTENTS,
  TAPE_MERGE,
  TAPE_META,
} from '../generated/layout';
import { emit, emittedBytes, measure, origin } from './emit';
import { derBase, derCount, derRelease, scanArena, toDer, useArenas, useRecords } from './normalize';
import { STACK, STACK_ENTRIES, scannedBer } from './scan';
import { contentOf, endOf, failure, lengthOf, metaOf, nextOf, offsetOf, recordAt, tagOf } from './tape';

const INTEGER: u32 = 0x02;
const OCTET_STRING: u32 = 0x04;
const OID: u32 = 0x06;
const SEQUENCE: u32 = 0x30;
const SET: u32 = 0x31;
const CONTEXT_0: u32 = 0xa0; // [0] EXPLICIT
const CONTEXT_0_PRIMITIVE: u32 = 0x80; // [0] IMPLICIT OCTET STRING
const CONTEXT_1: u32 = 0xa1;

// Contents of the three OBJECT IDENTIFIERs on which the grammar turns, read as numbers.
/** pkcs-7 1.2.840.113549.1.7, all but its last arc: 2a 86 48 86 f7 0d 01 07, little-endian. */
const PKCS7: u64 = 0x07010df78648862a;
const PKCS7_DATA: u32 = 1;
const PKCS7_ENCRYPTED_DATA: u32 = 6;
/** safeContentsBag 1.2.840.113549.1.12.10.1.6: 2a 86 48 86 f7 0d 01 0c, then 0a 01 06. */
const PKCS12: u64 = 0x0c010df78648862a;
const PKCS12_SAFE_CONTENTS_BAG: u32 = 0x06010a;

/** Where the grammar is: one of PLACE_. */
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

/** Writes one FIELD behind the tape. */
function put(kind: u32, offset: u32, length: u32, depth: u32): i32 {
  const at = recordAt(derCount) + <usize>fields * FIELD_RECORD;
  if (at + FIELD_RECORD > ARENA_RECORDS + ARENA_RECORDS_BYTES) return -E_CAPACITY;
  store<u32>(at + FIELD_KIND, kind);
  store<u32>(at + FIELD_OFFSET, offset);
  store<u32>(at + FIELD_LENGTH, length);
  store<u32>(at + FIELD_DEPTH, depth);
  fields++;
  useRecords(at + FIELD_RECORD);
  return 0;
}

/** A FIELD for the contents of element `i`. */
function putContents(kind: u32, i: u32, depth: u32 = 0): i32 {
  return put(kind, contentOf(i), lengthOf(i), depth);
}

/** A FIELD for the whole of element `i`. */
function putElement(kind: u32, i: u32, depth: u32 = 0): i32 {
  return put(kind, offsetOf(i), endOf(i) - offsetOf(i), depth);
}

/** Says whether `i` is a child of `parent` (so not behind its last one) and has the tag. */
function isAt(i: u32, parent: u32, derTag: u32): bool {
  return i < nextOf(parent) && tagOf(i) === derTag;
}

/** `i`, a child of `parent` or the place behind its last one, must exist and have the tag. Returns 0 or a status. */
function expect(i: u32, parent: u32, derTag: u32): i32 {
  if (i >= nextOf(parent)) return failure(E_DER_MISSING, endOf(parent));
  return tagOf(i) === derTag ? 0 : failure(E_DER_TAG, offsetOf(i));
}

/** `parent` must have no child at `i`. */
function expectEnd(i: u32, parent: u32): i32 {
  return i < nextOf(parent) ? failure(E_DER_TRAILING, offsetOf(i)) : 0;
}

/** `i` must be a constructed element with exactly one child, of any type. */
function expectOne(i: u32, parent: u32, derTag: u32): i32 {
  const status = expect(i, parent, derTag);
  if (status < 0) return status;
  if (nextOf(i) === i + 1) return failure(E_DER_MISSING, endOf(i));
  return expectEnd(nextOf(i + 1), i);
}

// AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY OPTIONAL }
function algorithm(i: u32, parent: u32): i32 {
  let status = expect(i, parent, SEQUENCE);
  if (status < 0) return status;
  const outer = place;
  place = PLACE_ALGORITHM_IDENTIFIER;
  status = expect(i + 1, i, OID);
  if (status < 0) return status;
  status = putElement(FIELD_ALGORITHM, i);
  if (status < 0) return status;
  status = putContents(FIELD_ALGORITHM_OID, i + 1);
  if (status < 0) return status;
  if (i + 2 < nextOf(i)) {
    status = putElement(FIELD_ALGORITHM_PARAMETERS, i + 2);
    if (status < 0) return status;
    status = expectEnd(nextOf(i + 2), i);
    if (status < 0) return status;
  }
  place = outer;
  return 0;
}

// ContentInfo ::= SEQUENCE { contentType OBJECT IDENTIFIER, content [0] EXPLICIT ANY DEFINED BY contentType }
// [content is OPTIONAL in RFC 5652, but a PKCS#12 without it says nothing: required here]
function contentInfo(i: u32, parent: u32, inPfx: bool): i32 {
  let status = expect(i, parent, SEQUENCE);
  if (status < 0) return status;
  place = PLACE_CONTENT_INFO;
  status = expect(i + 1, i, OID);
  if (status < 0) return status;
  status = putContents(FIELD_CONTENT_TYPE, i + 1);
  if (status < 0) return status;
  status = expectOne(i + 2, i, CONTEXT_0);
  if (status < 0) return status;
  status = expectEnd(nextOf(i + 2), i);
  if (status < 0) return status;
  const type = contentType(derBase, i + 1);
  const content = i + 3;
  if (type === PKCS7_DATA) {
    status = expect(content, i + 2, OCTET_STRING);
    if (status < 0) return status;
    return putContents(FIELD_CONTENT, content);
  }
  if (type === PKCS7_ENCRYPTED_DATA && !inPfx) return encryptedData(content, i + 2);
  return putElement(FIELD_CONTENT, content);
}

// EncryptedData ::= SEQUENCE { version INTEGER, encryptedContentInfo EncryptedContentInfo, unprotectedAttrs [1] OPTIONAL }
// EncryptedContentInfo ::= SEQUENCE {
//   contentType OBJECT IDENTIFIER, contentEncryptionAlgorithm AlgorithmIdentifier,
//   encryptedContent [0] IMPLICIT OCTET STRING OPTIONAL }   [required here]
function encryptedData(i: u32, parent: u32): i32 {
  let status = expect(i, parent, SEQUENCE);
  if (status < 0) return status;
  place = PLACE_ENCRYPTED_DATA;
  status = expect(i + 1, i, INTEGER);
  if (status < 0) return status;
  const info = i + 2;
  status = expect(info, i, SEQUENCE);
  if (status < 0) return status;
  const attributes = nextOf(info);
  status = expectEnd(isAt(attributes, i, CONTEXT_1) ? nextOf(attributes) : attributes, i);
  if (status < 0) return status;

  place = PLACE_ENCRYPTED_CONTENT_INFO;
  status = expect(info + 1, info, OID);
  if (status < 0) return status;
  if (contentType(derBase, info + 1) !== PKCS7_DATA) return failure(E_DER_TAG, offsetOf(info + 1));
  status = algorithm(info + 2, info);
  if (status < 0) return status;
  const ciphertext = nextOf(info + 2);
  status = expect(ciphertext, info, CONTEXT_0_PRIMITIVE);
  if (status < 0) return status;
  status = putContents(FIELD_CIPHERTEXT, ciphertext);
  if (status < 0) return status;
  return expectEnd(nextOf(ciphertext), info);
}

// PFX ::= SEQUENCE { version INTEGER {v3(3)}, authSafe ContentInfo, macData MacData OPTIONAL }
function pfx(): i32 {
  place = PLACE_PFX;
  let status = expectRoot();
  if (status < 0) return status;
  status = expect(1, 0, INTEGER);
  if (status < 0) return status;
  status = putContents(FIELD_VERSION, 1);
  if (status < 0) return status;
  status = contentInfo(2, 0, true);
  if (status < 0) return status;
  place = PLACE_PFX;
  const mac = nextOf(2);
  if (mac === nextOf(0)) return 0;
  status = macData(mac);
  if (status < 0) return status;
  place = PLACE_PFX;
  return expectEnd(nextOf(mac), 0);
}

// MacData ::= SEQUENCE { mac DigestInfo, macSalt OCTET STRING, iterations INTEGER DEFAULT 1 }
// DigestInfo ::= SEQUENCE { digestAlgorithm AlgorithmIdentifier, digest OCTET STRING }
function macData(i: u32): i32 {
  let status = expect(i, 0, SEQUENCE);
  if (status < 0) return status;
  place = PLACE_MAC_DATA;
  const info = i + 1;
  status = expect(info, i, SEQUENCE);
  if (status < 0) return status;

  place = PLACE_DIGEST_INFO;
  status = algorithm(info + 1, info);
  if (status < 0) return status;
  const digest = nextOf(info + 1);
  status = expect(digest, info, OCTET_STRING);
  if (status < 0) return status;
  status = putContents(FIELD_MAC_DIGEST, digest);
  if (status < 0) return status;
  status = expectEnd(digest + 1, info);
  if (status < 0) return status;

  place = PLACE_MAC_DATA;
  const salt = nextOf(info);
  status = expect(salt, i, OCTET_STRING);
  if (status < 0) return status;
  status = putContents(FIELD_MAC_SALT, salt);
  if (status < 0) return status;
  const iterations = salt + 1;
  if (iterations === nextOf(i)) return 0;
  status = expect(iterations, i, INTEGER);
  if (status < 0) return status;
  status = putContents(FIELD_MAC_ITERATIONS, iterations);
  if (status < 0) return status;
  return expectEnd(iterations + 1, i);
}

// AuthenticatedSafe ::= SEQUENCE OF ContentInfo
function authenticatedSafe(): i32 {
  place = PLACE_AUTHENTICATED_SAFE;
  let status = expectRoot();
  if (status < 0) return status;
  for (let i: u32 = 1; i < nextOf(0); i = nextOf(i)) {
    place = PLACE_AUTHENTICATED_SAFE;
    status = putElement(FIELD_SAFE, i);
    if (status < 0) return status;
    status = contentInfo(i, 0, false);
    if (status < 0) return status;
  }
  return 0;
}

// SafeContents ::= SEQUENCE OF SafeBag
// Nested SafeContents are walked at once: the stack keeps the SafeContents that still have bags to come.
function safeContents(maxNesting: u32): i32 {
  place = PLACE_SAFE_CONTENTS;
  let status = expectRoot();
  if (status < 0) return status;
  if (maxNesting > STACK_ENTRIES) maxNesting = STACK_ENTRIES;
  let depth: u32 = 0;
  let parent: u32 = 0;
  let i: u32 = 1;
  while (i < nextOf(0)) {
    place = PLACE_SAFE_CONTENTS;
    status = safeBag(i, parent, depth);
    if (status < 0) return status;
    if (status === 0) i = nextOf(i);
    else {
      // `status` is the record of the nested SafeContents
      if (depth === maxNesting) return failure(E_DER_DEPTH, offsetOf(status));
      const entry = STACK + <usize>depth * 8;
      store<u32>(entry, parent);
      store<u32>(entry, nextOf(i), 4);
      depth++;
      parent = <u32>status;
      i = parent + 1;
    }
    while (depth > 0 && i === nextOf(parent)) {
      depth--;
      const entry = STACK + <usize>depth * 8;
      parent = load<u32>(entry);
      i = load<u32>(entry, 4);
    }
  }
  return 0;
}

// SafeBag ::= SEQUENCE { bagId OBJECT IDENTIFIER, bagValue [0] EXPLICIT ANY DEFINED BY bagId,
//   bagAttributes SET OF PKCS12Attribute OPTIONAL }
// Returns the record of the SafeContents that the bag holds, or 0, or a status.
function safeBag(i: u32, parent: u32, depth: u32): i32 {
  let status = expect(i, parent, SEQUENCE);
  if (status < 0) return status;
  place = PLACE_SAFE_BAG;
  status = putElement(FIELD_BAG, i, depth);
  if (status < 0) return status;
  status = expect(i + 1, i, OID);
  if (status < 0) return status;
  status = putContents(FIELD_BAG_ID, i + 1, depth);
  if (status < 0) return status;
  status = expectOne(i + 2, i, CONTEXT_0);
  if (status < 0) return status;
  const value = i + 3;
  status = putElement(FIELD_BAG_VALUE, value, depth);
  if (status < 0) return status;

  const attributes = nextOf(i + 2);
  if (attributes < nextOf(i)) {
    status = expect(attributes, i, SET);
    if (status < 0) return status;
    status = expectEnd(nextOf(attributes), i);
    if (status < 0) return status;
    for (let a = attributes + 1; a < nextOf(attributes); a = nextOf(a)) {
      status = attribute(a, attributes, depth);
      if (status < 0) return status;
    }
  }
  if (!isSafeContentsBag(i + 1)) return 0;
  status = expect(value, i + 2, SEQUENCE);
  if (status < 0) return status;
  status = put(FIELD_NESTED, 0, 0, depth);
  return status < 0 ? status : <i32>value;
}

// PKCS12Attribute ::= SEQUENCE { attrId OBJECT IDENTIFIER, attrValues SET OF ANY }
function attribute(i: u32, parent: u32, depth: u32): i32 {
  place = PLACE_SAFE_BAG;
  let status = expect(i, parent, SEQUENCE);
  if (status < 0) return status;
  place = PLACE_ATTRIBUTE;
  status = putElement(FIELD_ATTRIBUTE, i, depth);
  if (status < 0) return status;
  status = expect(i + 1, i, OID);
  if (status < 0) return status;
  status = putContents(FIELD_ATTRIBUTE_ID, i + 1, depth);
  if (status < 0) return status;
  const values = i + 2;
  status = expect(values, i, SET);
  if (status < 0) return status;
  for (let v = values + 1; v < nextOf(values); v = nextOf(v)) {
    status = putElement(FIELD_ATTRIBUTE_VALUE, v, depth);
    if (status < 0) return status;
  }
  return expectEnd(nextOf(values), i);
}

/** The whole encoding is one SEQUENCE. */
function expectRoot(): i32 {
  return tagOf(0) === SEQUENCE ? 0 : failure(E_DER_TAG, 0);
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
  return finish(status < 0 ? status : pfx());
}

/** Reads the octets of an authSafe. Returns as `pfxRead`. */
export function authSafeRead(len: usize, maxDepth: u32, maxRecords: u32, trailing: u32): i32 {
  place = fields = 0;
  let status = scanArena(len, maxDepth, maxRecords, trailing);
  if (status >= 0) {
    const marked = markCiphertexts();
    status = marked < 0 ? marked : toDer(status, scannedBer || marked === 1);
  }
  return finish(status < 0 ? status : authenticatedSafe());
}

/** Reads the octets or the plaintext of one safe. Returns as `pfxRead`. */
export function safeContentsRead(len: usize, maxDepth: u32, maxRecords: u32, trailing: u32, maxNesting: u32): i32 {
  place = fields = 0;
  const scanned = scanArena(len, maxDepth, maxRecords, trailing);
  const status = toDer(scanned, scannedBer);
  return finish(status < 0 ? status : safeContents(maxNesting));
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
