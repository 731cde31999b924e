/**
 * The key derivations that the core does not have: PBKDF1 (RFC 8018 §5.1) for PBES1, PBKDF2 and the PKCS#12 KDF over SHA-3 and MD5,
 * scrypt. Written as generators that pause, so that the asynchronous form can give way; scrypt runs in one piece.
 * Rare and slow; not constant time by construction. Layer: pkcs12.
 */
import { hash as coreHash, type HashName } from '../core/index.ts';
import type { Derivation } from './derive.ts';
import { hashFacts, type Pkcs12HashName } from './hashes.ts';
import { type OnDemand, partOfHash, rareHash, rareKeyedHmac, rareScrypt } from './rare.ts';

/** Says whether the core cannot run this derivation. */
export function isRareDerivation(derivation: Derivation): boolean {
  return derivation.kdf === 'scrypt' || derivation.kdf === 'pbkdf1' || hashFacts(derivation.hash).rare;
}

/** The on-demand parts that a derivation needs. */
export function partsOfDerivation(derivation: Derivation): readonly OnDemand[] {
  if (derivation.kdf === 'scrypt') return ['scrypt'];
  const part = partOfHash(derivation.hash);
  return part === null ? [] : [part];
}

/** Derives one rare key, pausing now and then; `put` takes it. @throws {UsageError} ERR_RARE_NOT_LOADED */
export function* deriveRare(derivation: Derivation, put: (key: Uint8Array<ArrayBuffer>) => void): Generator<void> {
  const { password, salt, lengthBytes } = derivation;
  if (derivation.kdf === 'scrypt') {
    yield;
    put(rareScrypt(password, salt, derivation));
    return;
  }
  const { hash, iterations } = derivation;
  const digest = digestFunction(hash);
  if (derivation.kdf === 'pbkdf1') put(yield* pbkdf1(digest, password, salt, iterations, lengthBytes));
  else if (derivation.kdf === 'pbkdf2') put(yield* pbkdf2(hash, password, salt, iterations, lengthBytes));
  else put(yield* pkcs12Kdf(hash, derivation.id ?? 1, password, salt, iterations, lengthBytes));
}

type Digest = (bytes: Uint8Array) => Uint8Array<ArrayBuffer>;

function digestFunction(hash: Pkcs12HashName): Digest {
  return hashFacts(hash).rare ? (bytes) => rareHash(hash, bytes) : (bytes) => coreHash(hash as HashName, bytes);
}

/** PBKDF1 (RFC 8018 §5.1): T_1 = Hash(P || S), T_i = Hash(T_(i-1)); the first bytes of T_c. */
function* pbkdf1(
  digest: Digest,
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  lengthBytes: number,
): Generator<void, Uint8Array<ArrayBuffer>> {
  const seed = new Uint8Array(password.length + salt.length);
  seed.set(password);
  seed.set(salt, password.length);
  let t = digest(seed);
  seed.fill(0);
  for (let i = 1; i < iterations; i++) {
    const next = digest(t);
    t.fill(0);
    t = next;
    if (i % SLICE === 0) yield;
  }
  const key = t.slice(0, lengthBytes);
  t.fill(0);
  return key;
}

/** PBKDF2 (RFC 8018 §5.2) over a rare HMAC. */
function* pbkdf2(
  hash: Pkcs12HashName,
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  lengthBytes: number,
): Generator<void, Uint8Array<ArrayBuffer>> {
  const { digestBytes } = hashFacts(hash);
  const keyed = rareKeyedHmac(hash, password);
  const key = new Uint8Array(lengthBytes);
  const u = new Uint8Array(digestBytes);
  const t = new Uint8Array(digestBytes);
  let work: ReturnType<typeof rareKeyedHmac> | undefined;
  for (let block = 1, at = 0; at < lengthBytes; block++, at += digestBytes) {
    const index = Uint8Array.of(block >>> 24, block >>> 16, block >>> 8, block);
    work = keyed._cloneInto(work);
    work.update(salt).update(index).digestInto(u);
    t.set(u);
    for (let i = 1; i < iterations; i++) {
      work = keyed._cloneInto(work);
      work.update(u).digestInto(u);
      for (let k = 0; k < digestBytes; k++) (t[k] as number) ^= u[k] as number;
      if (i % SLICE === 0) yield;
    }
    key.set(t.subarray(0, Math.min(digestBytes, lengthBytes - at)), at);
  }
  for (const bytes of [u, t]) bytes.fill(0);
  keyed.destroy();
  work?.destroy();
  return key;
}

/** The PKCS#12 KDF (RFC 7292 B.2) over a rare hash; the names are the RFC's. */
function* pkcs12Kdf(
  hash: Pkcs12HashName,
  id: number,
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  lengthBytes: number,
): Generator<void, Uint8Array<ArrayBuffer>> {
  const { digestBytes: u, blockBytes: v } = hashFacts(hash);
  const filled = (bytes: Uint8Array): number => v * Math.ceil(bytes.length / v);
  const sBytes = filled(salt);
  // Steps 1 to 4: D || I, where I = S || P, each repeated to a multiple of v.
  const di = new Uint8Array(v + sBytes + filled(password)).fill(id, 0, v);
  for (let k = 0; k < sBytes; k++) di[v + k] = salt[k % salt.length] as number;
  for (let k = v + sBytes; k < di.length; k++) di[k] = password[(k - v - sBytes) % password.length] as number;
  const key = new Uint8Array(lengthBytes);
  for (let at = 0; at < lengthBytes; at += u) {
    // Step 6A: A = H^c(D || I).
    let a = rareHash(hash, di);
    for (let i = 1; i < iterations; i++) {
      const next = rareHash(hash, a);
      a.fill(0);
      a = next;
      if (i % SLICE === 0) yield;
    }
    key.set(a.subarray(0, Math.min(u, lengthBytes - at)), at);
    // Steps 6B, 6C: every v-byte block of I becomes I_j + B + 1 mod 2^(8v), where B repeats A.
    for (let block = v; block < di.length; block += v) {
      let carry = 1;
      for (let k = v - 1; k >= 0; k--) {
        carry += (di[block + k] as number) + (a[k % u] as number);
        di[block + k] = carry & 0xff;
        carry >>>= 8;
      }
    }
    a.fill(0);
  }
  di.fill(0);
  return key;
}

/** Iterations between two pauses of a rare derivation. */
const SLICE = 20_000;
