/**
 * The MAC of a file being written: new, or under the key that a session kept. Layer: pkcs12.
 *
 * MacData ::= SEQUENCE { mac DigestInfo, macSalt OCTET STRING, iterations INTEGER DEFAULT 1 }
 */
import { encodeUtf8 } from '../bytes.ts';
import type { KdfInfo } from './algorithm.ts';
import { digestAlgorithm, pbmac1Algorithm, type RandomSource } from './algorithm-der.ts';
import { readAlgorithm } from './bag.ts';
import { type DerNode, encodeDer, integer, octetString, sequence } from './der.ts';
import type { Derivation } from './derive.ts';
import { computeMac, describeMac, type MacInfo, macDerivation, macParts } from './mac.ts';
import type { Password, PasswordForm } from './password.ts';
import type { Algorithms } from './profiles.ts';
import type { OnDemand } from './rare.ts';

type RunnableMac = MacInfo & { readonly kdf: KdfInfo; readonly hash: NonNullable<MacInfo['hash']> };

/** One MAC to come. */
export class MacPlan {
  readonly #mac: RunnableMac;
  readonly #keptKey: Uint8Array<ArrayBuffer> | null;
  /** What must be derived: the MAC key, or nothing where a session had it. */
  readonly derivations: readonly Derivation[];
  /** What readers will derive. */
  readonly readersDerivation: Derivation;

  private constructor(mac: MacInfo, password: Uint8Array, keptKey: Uint8Array<ArrayBuffer> | null) {
    if (mac.kdf === null || mac.hash === null) throw mac.failure;
    this.#mac = { ...mac, kdf: mac.kdf, hash: mac.hash };
    this.#keptKey = keptKey;
    this.readersDerivation = macDerivation(this.#mac, password);
    this.derivations = keptKey === null ? [this.readersDerivation] : [];
  }

  /** Plans a MAC with a new salt. */
  static make(
    algorithms: Algorithms,
    random: RandomSource,
    password: Password,
    forms: ReadonlyMap<KdfInfo['kdf'], PasswordForm>,
  ): MacPlan {
    const pbmac1 = algorithms.mac === 'pbmac1';
    const salt = random(algorithms.saltBytes);
    const node = pbmac1 ? pbmac1Algorithm(algorithms, salt) : digestAlgorithm(algorithms.macHash);
    const mac = describeMac({
      algorithm: readAlgorithm(encodeDer(node), 'digestAlgorithm'),
      digest: new Uint8Array(0),
      // RFC 9879 §4: both fields are unused and say so.
      salt: pbmac1 ? encodeUtf8('NOT USED') : (salt as Uint8Array<ArrayBuffer>),
      iterations: pbmac1 ? 1 : algorithms.iterations,
    });
    const form = pbmac1 ? 'utf8' : (forms.get('pkcs12') ?? (password.pkcs12Forms()[0] as PasswordForm));
    return new MacPlan(mac, password.form(form), null);
  }

  /** Plans a MAC under a kept key: same salt, same count. */
  static kept(kept: MacInfo & { readonly key: Uint8Array<ArrayBuffer> }): MacPlan {
    return new MacPlan(kept, new Uint8Array(0), kept.key);
  }

  /** The on-demand parts it needs. */
  get parts(): readonly OnDemand[] {
    return macParts(this.#mac);
  }

  /** What the MAC is, without its value. */
  describe(): MacInfo {
    return this.#mac;
  }

  /** The key: kept, or the first of those derived. */
  takeKey(derived: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
    return this.#keptKey ?? (derived[0] as Uint8Array<ArrayBuffer>);
  }

  /** Computes the MAC and writes MacData. */
  write(key: Uint8Array, authSafe: Uint8Array): DerNode {
    const { digestAlgorithm: algorithm, macSalt, iterations } = this.#mac.macData;
    const digest = computeMac(this.#mac.hash, key, authSafe);
    const count = iterations === 1 ? [] : [integer(iterations)];
    return sequence(sequence(algorithm, octetString(digest)), octetString(macSalt), ...count);
  }
}
