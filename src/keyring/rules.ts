/**
 * What a key may be called, and which types and lengths there are: checked before anything is asked of a back end. Names of
 * types are exact and case-sensitive. The sets differ as MySQL's keyrings do (facts of its manual and sources). Layer: keyring, pure.
 *
 *   set        generate                                             store
 *   okv        AES 16, 24, 32; SECRET 1 to 16,384                   AES, SECRET: 1 to 16,384 bytes
 *   percona    as okv                                               as generate
 *   plugin     AES 16, 24, 32; RSA 128, 256, 512;                   these four types, up to 16,384 bytes
 *              DSA 128, 256, 384; SECRET 1 to 16,384
 *   component  any type, 1 to 16,384                                any type, up to 16,384 bytes
 */
import { encodeUtf8 } from '../bytes.ts';
import { UsageError } from '../errors.ts';
import type { KeyName } from './backend.ts';

/** A set of rules: that of the okv plugin, of Percona's KMIP component, of the file plugins, or of the other components. */
export type RuleSet = 'okv' | 'percona' | 'plugin' | 'component';

/** Longest key, bytes. */
export const MAX_KEY_BYTES = 16_384;
/** Longest name of a type, bytes: with its terminating NUL it fills the 128 that MySQL has for it. */
export const MAX_TYPE_BYTES = 127;

const AES_BYTES: readonly number[] = [16, 24, 32];

/** Lengths that `generate` takes, per type; null for any. */
const GENERATES: Readonly<Record<RuleSet, Readonly<Record<string, readonly number[] | null>> | null>> = {
  okv: { AES: AES_BYTES, SECRET: null },
  percona: { AES: AES_BYTES, SECRET: null },
  plugin: { AES: AES_BYTES, RSA: [128, 256, 512], DSA: [128, 256, 384], SECRET: null },
  component: null,
};

/** Checks a key's name. @throws {UsageError} ERR_KEYRING_ID */
export function assertName({ owner, id }: KeyName): void {
  if (typeof id !== 'string' || typeof owner !== 'string')
    throw new UsageError('ERR_KEYRING_ID', 'the id and the owner of a key are texts');
  if (id === '') throw new UsageError('ERR_KEYRING_ID', 'the id of a key cannot be empty');
  // Half a character has no UTF-8 form: two different names would become one.
  if (LONE_SURROGATE.test(id) || LONE_SURROGATE.test(owner))
    throw new UsageError('ERR_KEYRING_ID', 'the id and the owner of a key must be whole Unicode characters');
}
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Checks what is to be generated. @throws {UsageError} ERR_KEYRING_TYPE, ERR_KEYRING_LENGTH */
export function assertGenerates(rules: RuleSet, type: string, lengthBytes: number): void {
  const lengths = lengthsOf(rules, type);
  const fits = Number.isSafeInteger(lengthBytes) && lengthBytes >= 1 && lengthBytes <= MAX_KEY_BYTES;
  if (fits && (lengths === null || lengths.includes(lengthBytes))) return;
  const allowed = lengths === null ? `1 to ${MAX_KEY_BYTES}` : lengths.join(', ');
  throw new UsageError('ERR_KEYRING_LENGTH', `a key of type ${type} has ${allowed} bytes, not ${lengthBytes}`);
}

/** Checks what is to be stored; its length need not be that of a generated key. @throws as `assertGenerates` */
export function assertStores(rules: RuleSet, type: string, lengthBytes: number): void {
  if (rules === 'percona') {
    assertGenerates(rules, type, lengthBytes);
    return;
  }
  lengthsOf(rules, type);
  const least = rules === 'okv' ? 1 : 0;
  if (lengthBytes >= least && lengthBytes <= MAX_KEY_BYTES) return;
  throw new UsageError('ERR_KEYRING_LENGTH', `a key has ${least} to ${MAX_KEY_BYTES} bytes, not ${lengthBytes}`);
}

/** Checks the bytes of a next version. @throws {UsageError} ERR_KEYRING_LENGTH */
export function assertSameLength(lengthBytes: number, bytes: Uint8Array | null): void {
  if (bytes === null || bytes.length === lengthBytes) return;
  const message = `a version of this key has ${lengthBytes} bytes, not ${bytes.length}`;
  throw new UsageError('ERR_KEYRING_LENGTH', message);
}

function lengthsOf(rules: RuleSet, type: string): readonly number[] | null {
  if (typeof type !== 'string' || type === '' || LONE_SURROGATE.test(type) || encodeUtf8(type).length > MAX_TYPE_BYTES)
    throw new UsageError('ERR_KEYRING_TYPE', `the type of a key is a text of 1 to ${MAX_TYPE_BYTES} bytes`);
  const table = GENERATES[rules];
  if (table === null) return null;
  const lengths = Object.hasOwn(table, type) ? table[type] : undefined;
  if (lengths !== undefined) return lengths;
  const known = Object.keys(table).join(', ');
  throw new UsageError('ERR_KEYRING_TYPE', `unknown key type ${JSON.stringify(type)}`, {
    hint: `this back end has ${known}, in exactly this spelling`,
  });
}
