/**
 * The encryptions of a file being written: which keys are there already, which must be derived, and what all of it will cost its
 * readers. Plans first, so that all derivations run together; encrypts when the keys are there. Layer: pkcs12.
 */
import { LimitError } from '../errors.ts';
import type { CipherInfo, EncryptionInfo, KdfInfo } from './algorithm.ts';
import { makeEncryption, type RandomSource, renewEncryption } from './algorithm-der.ts';
import { derivationsFor, encrypt, keyMaterial, partsFor } from './cipher.ts';
import { assertDerivations, costOf, type Derivation } from './derive.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import type { Password, PasswordForm } from './password.ts';
import type { Algorithms } from './profiles.ts';
import type { OnDemand } from './rare.ts';
import type { SessionKey } from './session.ts';

/** One encryption to come: its algorithm is known, its key perhaps not yet. */
export interface Seal {
  readonly encryption: EncryptionInfo;
  /** What must be derived for it; nothing where a session had the key. */
  readonly derivations: readonly Derivation[];
  /** The derived strings, or the session's key (lent). */
  keys: readonly Uint8Array<ArrayBuffer>[];
}

/** Plans the encryptions of one file. */
export class SealPlan {
  readonly seals: Seal[] = [];
  readonly #algorithms: Algorithms;
  readonly #random: RandomSource;
  readonly #password: Password | null;
  readonly #forms: ReadonlyMap<KdfInfo['kdf'], PasswordForm>;
  readonly #sharesSalt: boolean;
  #shared: EncryptionInfo | undefined;

  constructor(
    algorithms: Algorithms,
    random: RandomSource,
    password: Password | null,
    forms: ReadonlyMap<KdfInfo['kdf'], PasswordForm>,
    sharesSalt: boolean,
  ) {
    this.#algorithms = algorithms;
    this.#random = random;
    this.#password = password;
    this.#forms = forms;
    this.#sharesSalt = sharesSalt;
  }

  /** Plans an encryption under a key of the session. */
  reuse(kept: SessionKey): Seal {
    const encryption = renewEncryption(kept.encryption, this.#random);
    return this.#add(encryption, encryption.scheme === 'pbes2' ? [kept.key] : null);
  }

  /** Plans an encryption of its own: new salt, new key. */
  make(): Seal {
    return this.#add(makeEncryption(this.#algorithms, this.#random), null);
  }

  /** Plans the encryption of a bag: its own, or under one key for all new bags of the file, each with an IV of its own. */
  makeForBag(): Seal {
    if (!this.#sharesSalt || this.#algorithms.cipher === 'pkcs12-3des') return this.make();
    this.#shared = renewEncryption(this.#shared ?? makeEncryption(this.#algorithms, this.#random), this.#random);
    return this.#add(this.#shared, null);
  }

  #add(encryption: EncryptionInfo, keys: readonly Uint8Array<ArrayBuffer>[] | null): Seal {
    const { kdf, cipher } = runnable(encryption);
    const derivations = keys === null ? derivationsFor(kdf, cipher, this.#form(kdf)) : [];
    const seal: Seal = { encryption, derivations, keys: keys ?? [] };
    this.seals.push(seal);
    return seal;
  }

  #form(kdf: KdfInfo): Uint8Array {
    const password = this.#password as Password;
    const usual = kdf.kdf === 'pkcs12' ? password.pkcs12Forms()[0] : password.pbesForms()[0];
    return password.form(this.#forms.get(kdf.kdf) ?? (usual as PasswordForm));
  }
}

/** Encrypts under a planned seal whose keys are there. */
export function sealBytes(seal: Seal, plaintext: Uint8Array): Uint8Array<ArrayBuffer> {
  const { kdf, cipher } = runnable(seal.encryption);
  return encrypt(cipher, keyMaterial(kdf, cipher, seal.keys), plaintext);
}

/** The on-demand parts that planned seals need. */
export function sealParts(seals: readonly Seal[]): readonly OnDemand[] {
  return seals.flatMap(({ encryption }) => {
    const { kdf, cipher } = runnable(encryption);
    return partsFor(kdf, cipher);
  });
}

/** What readers of a file with these encryptions and this MAC will derive. Stands for any password. */
export function readersDerivations(
  encryptions: readonly EncryptionInfo[],
  mac: Derivation | null,
): readonly Derivation[] {
  const none = mac?.password ?? new Uint8Array(0);
  const derivations = encryptions.flatMap(({ kdf, cipher }) =>
    kdf === null || cipher === null ? [] : derivationsFor(kdf, cipher, none),
  );
  return mac === null ? derivations : [...derivations, mac];
}

/** Refuses to write what our own default limits would refuse to read. @throws {LimitError} */
export function assertReadable(derivations: readonly Derivation[]): void {
  assertDerivations(derivations, DEFAULT_LIMITS);
  const cost = costOf(derivations);
  const limit = DEFAULT_LIMITS.maxTotalIterations;
  if (cost <= limit) return;
  throw new LimitError(
    'ERR_LIMIT_TOTAL_ITERATIONS',
    `readers of this file would spend ${cost} iterations, their default limit is ${limit}`,
    { limit, actual: cost },
    { hint: 'use fewer iterations or fewer separately encrypted keys' },
  );
}

function runnable({ kdf, cipher, failure }: EncryptionInfo): { readonly kdf: KdfInfo; readonly cipher: CipherInfo } {
  if (kdf === null || cipher === null) throw failure;
  return { kdf, cipher };
}
