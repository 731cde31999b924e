/**
 * How well a file is protected, as data: what was found, how bad it is, why, and by whose standard. Judges what can be seen: before
 * unlocking the outer layer, afterwards everything. Whoever guesses passwords tries the cheapest check first, so every
 * derivation is judged, the MAC's too. Layer: pkcs12.
 */
import type { EncryptionInfo, KdfInfo } from './algorithm.ts';
import { type Bag, formatBag } from './bag.ts';
import { hashFacts, type Pkcs12HashName } from './hashes.ts';
import type { MacInfo } from './mac.ts';
import type { Quirk } from './quirks.ts';
import { listBags, type Safe } from './safe.ts';

/** `danger`: do not rely on this file. `warning`: below what is recommended. `info`: worth knowing. */
export type Severity = 'danger' | 'warning' | 'info';

/** One finding. */
export interface Verdict {
  /** Stable name: `kdf-iterations`, `cipher-weak`, … */
  readonly id: string;
  readonly severity: Severity;
  /** Which part of the file: `MAC`, `safe 0`, `pkcs8ShroudedKeyBag "server"`. */
  readonly where: string;
  /** What was found. */
  readonly what: string;
  /** Why it matters. */
  readonly why: string;
  /** The document it is measured by. */
  readonly standard: string;
}

/** What is judged: a `Pfx`, or an `UnlockedPfx` with its `pfx`. */
export interface Judged {
  readonly mac: MacInfo | null;
  readonly safes: readonly Safe[];
  readonly quirks: readonly Quirk[];
  readonly integrity: 'password' | 'none' | 'signature';
}

/**
 * Judges a file.
 *
 * @param file a parsed file, or an unlocked one, of which the inner bags are judged too
 * @returns the findings, worst first; none for a file that meets all recommendations
 * @example
 * for (const { severity, where, what } of judgePfx(parsePfx(file))) console.log(severity, where, what);
 */
export function judgePfx(
  file: Judged | { readonly pfx: Judged; readonly safes: readonly Safe[]; readonly quirks: readonly Quirk[] },
): readonly Verdict[] {
  const { mac, integrity } = 'pfx' in file ? file.pfx : file;
  const { safes, quirks } = file;
  const found = [
    ...judgeMac(mac, integrity),
    ...safes.flatMap((safe) => judgeSafe(safe)),
    ...listBags(safes).flatMap(judgeBag),
    ...judgeQuirks(quirks),
  ];
  return found.sort((a, b) => RANK[a.severity] - RANK[b.severity]);
}

function judgeMac(mac: MacInfo | null, integrity: Judged['integrity']): readonly Verdict[] {
  const where = 'MAC';
  if (mac === null) {
    if (integrity === 'signature') return [];
    const why = 'anybody can change the file, and nobody will notice';
    return [{ id: 'mac-missing', severity: 'danger', where, what: 'no MAC', why, standard: 'RFC 7292 §4' }];
  }
  const found: Verdict[] = [];
  if (mac.hash === 'md5' || mac.hash === 'sha1') {
    const severity = mac.hash === 'md5' ? 'warning' : 'info';
    const why = 'the hash is withdrawn for other uses; HMAC over it still stands';
    found.push({ id: 'mac-hash', severity, where, what: mac.name, why, standard: 'NIST SP 800-131A' });
  }
  if (mac.kdf !== null) found.push(...judgeKdf(mac.kdf, where));
  return found;
}

function judgeSafe(safe: Safe): readonly Verdict[] {
  const where = `safe ${safe.index}`;
  if (safe.encryption !== null) return judgeEncryption(safe.encryption, where);
  if (safe.kind !== 'data') return [];
  return listBags([safe]).flatMap((bag) => judgeOpenBag(bag));
}

/** A bag in a safe that is not encrypted. */
function judgeOpenBag(bag: Bag): readonly Verdict[] {
  const base = { where: formatBag(bag), what: 'not encrypted', standard: 'RFC 7292 §3' };
  if (bag.kind === 'key' || bag.kind === 'oracle-secret' || bag.kind === 'other-secret') {
    const why = 'whoever has the file has the key, without any password';
    return [{ ...base, id: 'secret-in-the-open', severity: 'danger', why }];
  }
  if (bag.kind !== 'certificate') return [];
  return [
    { ...base, id: 'certificate-in-the-open', severity: 'info', why: 'whoever has the file can see whose it is' },
  ];
}

function judgeBag(bag: Bag): readonly Verdict[] {
  if (bag.kind !== 'shrouded-key' && bag.kind !== 'java-secret') return [];
  return judgeEncryption(bag.encryption, formatBag(bag));
}

function judgeEncryption(encryption: EncryptionInfo, where: string): readonly Verdict[] {
  const { cipher, kdf, name } = encryption;
  if (cipher === null || kdf === null) return [];
  const found = judgeKdf(kdf, where);
  const weak = WEAK_CIPHERS[cipher.cipher];
  if (weak === undefined) return found;
  const short = Math.min(8 * cipher.keyLengthBytes, cipher.effectiveBits ?? Infinity) <= 64;
  const why = short ? 'the key is short enough to be found by trying all' : weak;
  const severity = short ? 'danger' : 'warning';
  return [{ id: 'cipher-weak', severity, where, what: name, why, standard: 'NIST SP 800-131A' }, ...found];
}

function judgeKdf(kdf: KdfInfo, where: string): readonly Verdict[] {
  const found: Verdict[] = [];
  const { length } = kdf.salt;
  if (length < 16) {
    const severity = length < 8 ? 'warning' : 'info';
    const why = 'short salts repeat between files, and what is computed once is good for all of them';
    found.push({
      id: 'salt-short',
      severity,
      where,
      what: `salt of ${length} bytes`,
      why,
      standard: 'NIST SP 800-132 §5.1',
    });
  }
  if (kdf.kdf === 'scrypt') {
    if (kdf.n * kdf.r * kdf.p >= OWASP_SCRYPT) return found;
    const what = `scrypt N = ${kdf.n}, r = ${kdf.r}, p = ${kdf.p}`;
    return [{ id: 'kdf-cost', severity: 'warning', where, what, why: GUESSING, standard: OWASP }, ...found];
  }
  const named = recommendedIterations(kdf.hash);
  // One hash for each iteration where PBKDF2 has two: the same count is half the work.
  const wanted = kdf.kdf === 'pbkdf2' ? named : 2 * named;
  if (kdf.iterations >= wanted) return found;
  const severity = kdf.iterations < 1000 ? 'danger' : kdf.iterations < named ? 'warning' : 'info';
  const standard = severity === 'danger' ? 'NIST SP 800-132 §5.2' : OWASP;
  const what = `${kdf.iterations} iterations of ${KDF_NAMES[kdf.kdf]} over ${hashFacts(kdf.hash).title}, recommended are ${wanted}`;
  return [{ id: 'kdf-iterations', severity, where, what, why: GUESSING, standard }, ...found];
}

function judgeQuirks(quirks: readonly Quirk[]): readonly Verdict[] {
  if (!quirks.includes('null-password') && !quirks.includes('empty-password')) return [];
  const why = 'whoever has the file can open it';
  return [
    {
      id: 'password-empty',
      severity: 'danger',
      where: 'password',
      what: 'empty or none',
      why,
      standard: 'NIST SP 800-63B §3.1.1',
    },
  ];
}

/** OWASP's counts for PBKDF2; what it does not name is measured by the nearest digest. */
function recommendedIterations(hash: Pkcs12HashName): number {
  if (hash === 'sha1' || hash === 'md5') return 1_300_000;
  return hashFacts(hash).digestBytes <= 32 && !hash.startsWith('sha512') ? 600_000 : 210_000;
}

const RANK: Readonly<Record<Severity, number>> = { danger: 0, warning: 1, info: 2 };
const OWASP = 'OWASP Password Storage';
const OWASP_SCRYPT = 2 ** 17 * 8;
const GUESSING = 'each guess at the password costs the attacker this little';
const KDF_NAMES = { pbkdf2: 'PBKDF2', pkcs12: 'the PKCS#12 KDF', pbkdf1: 'PBKDF1' } as const;

/** Ciphers below today's, and why where the key is not the reason. */
const WEAK_CIPHERS: Readonly<Record<string, string>> = {
  '3des-cbc': 'disallowed since 2024; blocks of 64 bits',
  'des-cbc': 'a 56-bit key',
  'rc2-cbc': 'an old cipher with blocks of 64 bits, never approved',
  rc4: 'a stream cipher with known biases, prohibited elsewhere (RFC 7465)',
};
