/** What the wallet's functions take and tell: options, passwords, keys as they may be shown. Layer: wallet, universal. */
import { encodeUtf8 } from '../bytes.ts';
import type { Secret } from '../secret.ts';
import {
  type ChangeContext,
  type KeyActor,
  type KeyState,
  type MasterKey,
  stateOf,
  type WalletContents,
} from './contents.ts';
import { formatHexKeyId } from './key-id.ts';
import type { ProviderSetup } from './provider.ts';
import type { WalletLayout, WalletProfile } from './sealed.ts';

/** A password: text, its UTF-8 bytes, or a Secret. */
export type WalletPassword = string | Uint8Array | Secret;

/** Options of a wallet. */
export interface WalletOptions {
  /** Algorithms of a new file; an opened one keeps its own. Default `modern`. */
  readonly profile?: WalletProfile;
  /** Form of the entries of a new file. Default `oracle`; `java` with the profile `java`. */
  readonly layout?: WalletLayout;
  /** Iterations of a new file's derivations. Default: the profile's. */
  readonly iterations?: number;
  /** Whom the views name as creator and activator, asked at every change. Default: nobody. */
  readonly actor?: KeyActor | (() => KeyActor);
  /** Default: the system's clock. */
  readonly now?: () => Date;
  /** Default: the platform's cryptographic source. */
  readonly randomBytes?: (length: number) => Uint8Array<ArrayBuffer>;
  /** Ends the wait. Default: none. */
  readonly signal?: AbortSignal;
  /** Told the iterations done, of how many. Default: nobody. */
  readonly onProgress?: (done: number, total: number) => void;
  /** How to reach the provider that keeps the master keys, for a wallet of which one does. Default: nobody is asked. */
  readonly provider?: ProviderSetup;
}

/** A master key as it may be shown: everything but its bytes. */
export interface MasterKeyInfo {
  readonly keyId: string;
  /** The identifier in hex, 78 digits. */
  readonly hexKeyId: string;
  /** 16 bytes. */
  readonly mkid: Uint8Array;
  readonly state: KeyState;
  readonly keyTag: string | null;
  readonly created: Date;
  readonly creator: KeyActor;
  readonly activated: Date | null;
  readonly activator: KeyActor | null;
  readonly origin: 'local' | 'imported';
  readonly backedUp: boolean;
  /** Where the key itself is: in the wallet, or at a provider. */
  readonly keptBy: 'wallet' | 'provider';
}

/** Options of the data key operations. */
export interface DataKeyOptions {
  /** Enters the derivation of the wrapping key: what was wrapped with one opens only with the same. */
  readonly context?: Uint8Array | string;
}

/** Options of `rewrapDataKeys`. */
export interface RewrapOptions extends DataKeyOptions {
  /** Told the envelopes done, of how many. Default: nobody. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Ends the work between two batches. Default: none. */
  readonly signal?: AbortSignal;
}

/** The bytes of a data key's context; null for none. */
export function contextBytes(options: DataKeyOptions): Uint8Array | null {
  if (options.context === undefined) return null;
  return typeof options.context === 'string' ? encodeUtf8(options.context) : options.context;
}

const NOBODY: KeyActor = {
  user: '',
  userId: -1,
  databaseName: '',
  databaseId: -1,
  instanceName: '',
  instanceNumber: 0,
};

/** Clock, randomness and actor of a wallet, with their defaults. */
export function contextOf(options: WalletOptions): ChangeContext {
  const { actor = NOBODY } = options;
  return {
    now: options.now ?? (() => new Date()),
    randomBytes: options.randomBytes ?? ((length) => crypto.getRandomValues(new Uint8Array(length))),
    get actor() {
      return typeof actor === 'function' ? actor() : actor;
    },
  };
}

/** A master key as it may be shown. */
export function describeKey(contents: WalletContents, key: MasterKey): MasterKeyInfo {
  const { facts } = key;
  return {
    keyId: key.keyId,
    hexKeyId: formatHexKeyId(key.mkid),
    mkid: key.mkid.slice(),
    state: stateOf(contents, key),
    keyTag: facts.keyTag,
    created: new Date(facts.createdMs),
    creator: facts.creator,
    activated: facts.activatedMs === null ? null : new Date(facts.activatedMs),
    activator: facts.activator,
    origin: facts.origin,
    backedUp: facts.backedUp,
    keptBy: key.providerCiphertext === null ? 'wallet' : 'provider',
  };
}
