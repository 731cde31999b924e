// Writes assembly/generated/pfx-grammar.ts: the grammar of PKCS#12 as a table that assembly/der/grammar.ts walks. Here is
// the ASN.1 (RFC 7292 clause 4; RFC 5652 clauses 3 and 8 for the envelopes), one component a line, with the FIELD that it
// leaves and the place that an error names.
import { mkdirSync, writeFileSync } from 'node:fs';
import { FIELD_KINDS, PLACES } from './layout.mjs';

const [ANY, INTEGER, OCTETS, OID, SEQUENCE, SET] = [0, 0x02, 0x04, 0x06, 0x30, 0x31];
const [EXPLICIT_0, IMPLICIT_0, EXPLICIT_1, END] = [0xa0, 0x80, 0xa1, 0xff];
const [OPTIONAL, EACH, WHOLE, IS_DATA] = [1, 2, 4, 8];
/** The contents depend on the OBJECT IDENTIFIER in front: see `select` in grammar.ts. */
const SELECT = { OF_PFX: 0xfd, OF_SAFE: 0xfe, OF_BAG: 0xff };

/** Rules by name: the place, then [tag, FIELD left by it, rule of its children, flags]. Contents are left, or the WHOLE. */
const RULES = {
  // PFX ::= SEQUENCE { version INTEGER {v3(3)}, authSafe ContentInfo, macData MacData OPTIONAL }
  PFX: ['PFX', [INTEGER, 'VERSION'], [SEQUENCE, null, 'PFX_CONTENT_INFO'], [SEQUENCE, null, 'MAC_DATA', OPTIONAL]],
  // ContentInfo ::= SEQUENCE { contentType OBJECT IDENTIFIER, content [0] EXPLICIT ANY DEFINED BY contentType }
  // [content is OPTIONAL in RFC 5652, but a PKCS#12 without it says nothing: required here]
  PFX_CONTENT_INFO: ['ContentInfo', [OID, 'CONTENT_TYPE'], [EXPLICIT_0, null, SELECT.OF_PFX]],
  CONTENT_INFO: ['ContentInfo', [OID, 'CONTENT_TYPE'], [EXPLICIT_0, null, SELECT.OF_SAFE]],
  DATA: ['ContentInfo', [OCTETS, 'CONTENT']],
  ENCRYPTED: ['ContentInfo', [SEQUENCE, null, 'ENCRYPTED_DATA']],
  OTHER: ['ContentInfo', [ANY, 'CONTENT', null, WHOLE]],
  // EncryptedData ::= SEQUENCE { version INTEGER, encryptedContentInfo EncryptedContentInfo, unprotectedAttrs [1] OPTIONAL }
  ENCRYPTED_DATA: [
    'EncryptedData',
    [INTEGER],
    [SEQUENCE, null, 'ENCRYPTED_CONTENT_INFO'],
    [EXPLICIT_1, null, null, OPTIONAL],
  ],
  // EncryptedContentInfo ::= SEQUENCE { contentType OBJECT IDENTIFIER, contentEncryptionAlgorithm AlgorithmIdentifier,
  //   encryptedContent [0] IMPLICIT OCTET STRING OPTIONAL }   [required here; contentType must be data]
  ENCRYPTED_CONTENT_INFO: [
    'EncryptedContentInfo',
    [OID, null, null, IS_DATA],
    [SEQUENCE, 'ALGORITHM', 'ALGORITHM_IDENTIFIER', WHOLE],
    [IMPLICIT_0, 'CIPHERTEXT'],
  ],
  // AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY OPTIONAL }
  ALGORITHM_IDENTIFIER: [
    'AlgorithmIdentifier',
    [OID, 'ALGORITHM_OID'],
    [ANY, 'ALGORITHM_PARAMETERS', null, WHOLE | OPTIONAL],
  ],
  // MacData ::= SEQUENCE { mac DigestInfo, macSalt OCTET STRING, iterations INTEGER DEFAULT 1 }
  MAC_DATA: [
    'MacData',
    [SEQUENCE, null, 'DIGEST_INFO'],
    [OCTETS, 'MAC_SALT'],
    [INTEGER, 'MAC_ITERATIONS', null, OPTIONAL],
  ],
  // DigestInfo ::= SEQUENCE { digestAlgorithm AlgorithmIdentifier, digest OCTET STRING }
  DIGEST_INFO: ['DigestInfo', [SEQUENCE, 'ALGORITHM', 'ALGORITHM_IDENTIFIER', WHOLE], [OCTETS, 'MAC_DIGEST']],
  // AuthenticatedSafe ::= SEQUENCE OF ContentInfo
  AUTHENTICATED_SAFE: ['AuthenticatedSafe', [SEQUENCE, 'SAFE', 'CONTENT_INFO', WHOLE | EACH]],
  // SafeContents ::= SEQUENCE OF SafeBag
  SAFE_CONTENTS: ['SafeContents', [SEQUENCE, 'BAG', 'SAFE_BAG', WHOLE | EACH]],
  // SafeBag ::= SEQUENCE { bagId OBJECT IDENTIFIER, bagValue [0] EXPLICIT ANY DEFINED BY bagId,
  //   bagAttributes SET OF PKCS12Attribute OPTIONAL }
  SAFE_BAG: ['SafeBag', [OID, 'BAG_ID'], [EXPLICIT_0, null, SELECT.OF_BAG], [SET, null, 'ATTRIBUTES', OPTIONAL]],
  BAG_VALUE: ['SafeBag', [ANY, 'BAG_VALUE', null, WHOLE]],
  NESTED: ['SafeBag', [SEQUENCE, 'BAG_VALUE', 'SAFE_CONTENTS', WHOLE]],
  ATTRIBUTES: ['SafeBag', [SEQUENCE, 'ATTRIBUTE', 'ATTRIBUTE', WHOLE | EACH]],
  // PKCS12Attribute ::= SEQUENCE { attrId OBJECT IDENTIFIER, attrValues SET OF ANY }
  ATTRIBUTE: ['Attribute', [OID, 'ATTRIBUTE_ID'], [SET, null, 'ATTRIBUTE_VALUES']],
  ATTRIBUTE_VALUES: ['Attribute', [ANY, 'ATTRIBUTE_VALUE', null, WHOLE | EACH]],
};

// Where each rule begins in the table. A rule is its components and an END; the first one, at 0, has no parent.
const starts = {};
let at = 0;
for (const [name, [, ...components]] of Object.entries(RULES)) {
  starts[name] = at;
  at += components.length + 1;
}
if (at >= SELECT.OF_PFX) throw new Error('the grammar has too many components');

const index = (list, name) => {
  const i = list.indexOf(name);
  if (i < 0) throw new Error(`no ${name} in layout.mjs`);
  return i;
};
const bytes = Object.values(RULES).flatMap(([place, ...components]) =>
  [...components, [END]].flatMap(([tag, field = null, into = null, flags = 0]) => [
    tag,
    field === null ? 0 : index(FIELD_KINDS, field) + 1,
    into === null ? 0 : typeof into === 'string' ? starts[into] : into,
    (index(PLACES, place) << 4) | flags,
  ]),
);

const u32 = (name, value) => `export const ${name}: u32 = ${value};\n`;
mkdirSync(new URL('../generated/', import.meta.url), { recursive: true });
writeFileSync(
  new URL('../generated/pfx-grammar.ts', import.meta.url),
  `// Generated by assembly/build/gen-pfx-grammar.mjs. Do not edit.\n` +
    `/** Components of four bytes: tag, FIELD kind, rule of the children, place and flags. */\n` +
    `export const GRAMMAR: usize = memory.data<u8>([${bytes.join(', ')}]);\n` +
    Object.entries({ ANY, END, OPTIONAL, EACH, WHOLE, IS_DATA })
      .map(([k, v]) => u32(`STEP_${k}`, v))
      .join('') +
    Object.entries(SELECT)
      .map(([k, v]) => u32(`SELECT_${k}`, v))
      .join('') +
    Object.entries(starts)
      .map(([k, v]) => u32(`RULE_${k}`, v))
      .join(''),
);
