/**
 * Master keys that a provider keeps: fetched, encrypted, encrypted anew, and the check that it is the right provider. What goes
 * to the provider is a key's whole record, bound to its KEY_ID, so that no ciphertext passes for that of another key.
 * Functions of contents to contents; what they replace, the wallet wipes. Layer: wallet, universal.
 */
import { encodeUtf8, equalPublicBytes } from '../bytes.ts';
import { FormatError, StateError, TransportError } from '../errors.ts';
import { Secret } from '../secret.ts';
import { findMasterKey, type MasterKey, type ProviderFacts, replaceKeys, type WalletContents } from './contents.ts';
import { recordOf } from './entries.ts';
import { MASTER_KEY_BYTES } from './key-id.ts';
import { parseMasterKeyRecord } from './master-key-record.ts';
import type { MasterKeyProvider, ProviderOptions, ProviderSetup } from './provider.ts';

/** A provider in use by a wallet, and how it came to it. */
export class ProviderLink {
  readonly setup: ProviderSetup;
  readonly provider: MasterKeyProvider;
  readonly skipCheck: boolean;

  /** Connects with settings, which are lent for the call; asks nothing of the provider yet. */
  constructor(setup: ProviderSetup, settings: Secret) {
    this.setup = setup;
    ({ provider: this.provider, skipCheck: this.skipCheck } = setup.connect(settings));
  }

  /** Starts the clock of one operation: what each of its calls may take. */
  budget(options: ProviderOptions = {}): Budget {
    const timeoutMs = options.timeoutMs ?? this.setup.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const deadline = performance.now() + timeoutMs;
    const { signal } = options;
    return (context) => {
      const leftMs = deadline - performance.now();
      if (leftMs > 0) return { timeoutMs: leftMs, context, ...(signal && { signal }) };
      throw new TransportError(
        'ERR_KMS_TIMEOUT',
        `the key management service did not do it all within ${timeoutMs} ms`,
      );
    };
  }

  /** Lets go of the provider. */
  close(): void {
    this.provider.dispose?.();
  }
}

type Context = Readonly<Record<string, string>>;
type Budget = (context: Context) => ProviderOptions;

const DEFAULT_TIMEOUT_MS = 30_000;
/** Requests at a time: the service has a quota for all who use it. */
const LANES = 4;

/** Makes the check of a wallet with a provider, and proves that the provider decrypts what it encrypts. */
export async function makeCheck(walletId: string, link: ProviderLink): Promise<Uint8Array<ArrayBuffer>> {
  const budget = link.budget();
  const check = await link.provider.encrypt(checkText(walletId), budget(CHECK_CONTEXT));
  await compareCheck(walletId, check, link.provider, budget);
  return check;
}

/** Sees whether it is the right provider, and answers. @throws {StateError} ERR_KMS_CHECK, and what the provider throws */
export async function assertCheck(
  walletId: string,
  { check }: ProviderFacts,
  link: ProviderLink,
  options?: ProviderOptions,
): Promise<void> {
  await compareCheck(walletId, check, link.provider, link.budget(options));
}

async function compareCheck(
  walletId: string,
  check: Uint8Array,
  provider: MasterKeyProvider,
  budget: Budget,
): Promise<void> {
  if (equalPublicBytes(await provider.decrypt(check, budget(CHECK_CONTEXT)), checkText(walletId))) return;
  throw new StateError(
    'ERR_KMS_CHECK',
    'the key management service decrypts the check of this wallet to something else',
  );
}

/** Fetches the plain keys that are not there yet, of those named or of all. */
export async function fetchKeys(
  contents: WalletContents,
  keyIds: readonly string[] | null,
  link: ProviderLink,
  options?: ProviderOptions,
): Promise<WalletContents> {
  const wanted = keyIds === null ? [...contents.masterKeys.values()] : keyIds.map((id) => findMasterKey(contents, id));
  const budget = link.budget(options);
  const fetched: MasterKey[] = [];
  try {
    await inLanes(
      wanted.filter(({ key }) => key === null),
      async (key) => {
        const { providerCiphertext } = key;
        if (providerCiphertext === null) return;
        const record = await link.provider.decrypt(providerCiphertext, budget(contextOf(key)));
        fetched.push({ ...key, ...readRecord(key, record) });
      },
    );
  } catch (error) {
    for (const { key } of fetched) key?.dispose();
    throw error;
  }
  return replaceKeys(contents, fetched);
}

/** Encrypts what has no ciphertext yet. */
export async function encryptKeys(contents: WalletContents, link: ProviderLink): Promise<WalletContents> {
  const budget = link.budget();
  const encrypted: MasterKey[] = [];
  await inLanes(
    [...contents.masterKeys.values()].filter(({ providerCiphertext }) => providerCiphertext === null),
    async (key) => {
      const record = recordOf(key);
      try {
        encrypted.push({ ...key, providerCiphertext: await link.provider.encrypt(record, budget(contextOf(key))) });
      } finally {
        record.fill(0);
      }
    },
  );
  return replaceKeys(contents, encrypted);
}

/** Encrypts every ciphertext anew, the check's too, and counts the keys whose ciphertext is another now. */
export async function reencryptKeys(
  contents: WalletContents,
  link: ProviderLink,
  options?: ProviderOptions,
): Promise<{ readonly contents: WalletContents; readonly changed: number }> {
  const budget = link.budget(options);
  const again: MasterKey[] = [];
  let changed = 0;
  await inLanes([...contents.masterKeys.values()], async (key) => {
    if (key.providerCiphertext === null) return;
    const made = await reencrypt(link.provider, key.providerCiphertext, budget, contextOf(key));
    if (!made.changed) return;
    changed++;
    again.push({ ...key, providerCiphertext: made.ciphertext });
  });
  const facts = contents.provider as ProviderFacts;
  const check = await reencrypt(link.provider, facts.check, budget, CHECK_CONTEXT);
  return {
    contents: { ...replaceKeys(contents, again), provider: { settings: facts.settings, check: check.ciphertext } },
    changed,
  };
}

async function reencrypt(provider: MasterKeyProvider, ciphertext: Uint8Array, budget: Budget, context: Context) {
  if (provider.reencrypt !== undefined) return await provider.reencrypt(ciphertext, budget(context));
  const plaintext = await provider.decrypt(ciphertext, budget(context));
  try {
    return { ciphertext: await provider.encrypt(plaintext, budget(context)), changed: true };
  } finally {
    plaintext.fill(0);
  }
}

/**
 * Contents with the plain keys that an earlier state of the same wallet has and they lack. A KEY_ID never names two keys, so a key
 * that was open stays open, whatever ciphertext it has now.
 *
 * @param take makes the secret that the new contents hold: the same, or a copy
 */
export function withOpenKeys(
  contents: WalletContents,
  earlier: WalletContents,
  take: (key: Secret) => Secret,
): WalletContents {
  const opened: MasterKey[] = [];
  for (const key of contents.masterKeys.values()) {
    const open = key.key === null ? earlier.masterKeys.get(key.keyId) : undefined;
    if (open?.key != null) opened.push({ ...key, key: take(open.key), iv: open.iv, recordOthers: open.recordOthers });
  }
  return opened.length === 0 ? contents : replaceKeys(contents, opened);
}

/** Contents whose keys a provider has no part in any more; every key must be open. */
export function withoutProvider(contents: WalletContents): WalletContents {
  return { ...withoutCiphertexts(contents), provider: null };
}

/** Contents whose keys are all to be encrypted again; every key must be open. */
export function withoutCiphertexts(contents: WalletContents): WalletContents {
  return replaceKeys(
    contents,
    [...contents.masterKeys.values()].map((key) => ({ ...key, providerCiphertext: null })),
  );
}

/** Wipes the plain keys and settings of one state that are not in another. */
export function wipeOtherKeys(wiped: WalletContents, kept: WalletContents): void {
  const stay = new Set([...kept.masterKeys.values()].map(({ key }) => key));
  for (const { key } of wiped.masterKeys.values()) if (!stay.has(key)) key?.dispose();
  if (wiped.provider?.settings !== kept.provider?.settings) wiped.provider?.settings.dispose();
}

/** Runs work on all items, some at a time; after a failure none is begun, and those begun are waited for. */
async function inLanes<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values();
  let failure: { readonly error: unknown } | null = null;
  const lane = async (): Promise<void> => {
    for (const item of waiting) {
      if (failure !== null) return;
      try {
        await work(item);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  if (failure !== null) throw (failure as { readonly error: unknown }).error;
}

function readRecord(key: MasterKey, bytes: Uint8Array): Pick<MasterKey, 'key' | 'iv' | 'recordOthers'> {
  try {
    const record = parseMasterKeyRecord(bytes);
    if (record.key.length === MASTER_KEY_BYTES)
      return { key: Secret.adopt(record.key), iv: record.iv, recordOthers: record.others };
    record.key.fill(0);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
  } finally {
    bytes.fill(0);
  }
  throw new StateError(
    'ERR_KMS_CHECK',
    `the key management service decrypts the master key ${key.keyId} to something else`,
  );
}

const CHECK_CONTEXT: Context = { purpose: 'keyward-check' };

function contextOf({ keyId }: MasterKey): Context {
  return { keyId };
}

function checkText(walletId: string): Uint8Array<ArrayBuffer> {
  return encodeUtf8(`keyward/v1/check/${walletId}`);
}
