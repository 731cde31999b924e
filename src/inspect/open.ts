/**
 * Opens a PKCS#12 file or an auto-login wallet and reports everything in it, once: one derivation of keys serves the report, the
 * wallet and what is revealed later. The report holds no secret; the opened file does, until it is disposed of. Layer: inspect.
 */
import { formatHex } from '../bytes.ts';
import { abortReason, KeywardError, StateError } from '../errors.ts';
import { nextTask } from '../next-task.ts';
import { BAG_TYPE, type Bag, formatBag, judgePfx, nameOid, parsePfx, type UnlockedPfx } from '../pkcs12/index.ts';
import { Secret } from '../secret.ts';
import {
  type AutoLoginOwner,
  adoptWallet,
  isAutoLogin,
  looksGenerated,
  type MasterKeyInfo,
  openInsideAutoLogin,
  type Wallet,
  type WalletPassword,
} from '../wallet/index.ts';
import { type CertificateSummary, parseCertificate } from '../x509/index.ts';
import { faultOf } from './inspect.ts';
import type { Fault, Finding } from './report.ts';

/** A master key, as it may be shown. */
export interface MasterKeyReport {
  readonly keyId: string;
  readonly hexKeyId: string;
  /** Hex, 32 digits. */
  readonly mkid: string;
  readonly keyTag: string | null;
  readonly state: 'created' | 'active' | 'previous';
  readonly created: string;
  readonly activated: string | null;
  readonly origin: 'local' | 'imported';
  readonly algorithm: 'AES-256';
  readonly backedUp: boolean;
  readonly keptBy: 'wallet' | 'provider';
  /** The identifier has the marks of Oracle's generator; another was perhaps chosen by hand. */
  readonly looksGenerated: boolean;
}

/** A keyring key, as it may be shown. */
export interface KeyringKeyReport {
  readonly owner: string;
  readonly id: string;
  readonly type: string;
  readonly lengthBytes: number;
  /** From 1. */
  readonly version: number;
  readonly created: string;
}

/** Any bag of the file. */
export interface BagReport {
  /** Its place among all bags: what `reveal` takes. */
  readonly index: number;
  readonly kind: Bag['kind'];
  /** Type and alias in one line. */
  readonly title: string;
  readonly alias: string | null;
  /** What an Oracle alias stands for; null where the layout is not known. */
  readonly meaning: string | null;
  /** Of the bag as it stands. */
  readonly sizeBytes: number;
  /** Algorithm of a key; null for others. */
  readonly algorithm: string | null;
  readonly certificate: CertificateSummary | null;
  /** True for what `reveal` can show. */
  readonly secret: boolean;
  readonly fault: Fault | null;
}

/** What an opened file holds. */
export interface OpenedReport {
  readonly integrity: 'verified' | 'not protected';
  readonly findings: readonly Finding[];
  readonly quirks: readonly string[];
  /** Iterations that opening cost. */
  readonly iterations: number;
  /** Facts of the wallet; null where the file is none, with the reason in `fault` where it looks like one. */
  readonly wallet: {
    readonly id: string;
    readonly generation: number;
    readonly layout: 'oracle' | 'java';
    readonly activeKeyId: string | null;
    readonly fullyBackedUp: boolean;
  } | null;
  readonly fault: Fault | null;
  readonly masterKeys: readonly MasterKeyReport[];
  readonly keyringKeys: readonly KeyringKeyReport[];
  readonly bags: readonly BagReport[];
}

/** An opened file. Holds secrets until disposed of. */
export interface OpenedFile extends Disposable {
  readonly report: OpenedReport;
  /** The wallet in it; null where the file is none. Lent. */
  readonly wallet: Wallet | null;
  /** Copies the bytes of a master key, the caller's to dispose of. @throws {StateError} ERR_KEY_NOT_FOUND */
  revealMasterKey(keyId: string): Secret;
  /** Copies the bytes of a keyring key. @throws {StateError} ERR_KEY_NOT_FOUND */
  revealKeyringKey(owner: string, id: string): Secret;
  /** Copies what is secret in a bag: a value, a key. @throws {StateError} ERR_KEY_NOT_FOUND when there is nothing secret in it */
  revealBag(index: number): Secret;
  /** Zeroes everything. Safe to call twice. */
  dispose(): void;
}

/** How to open a file. */
export interface OpenFileOptions {
  /** Ends the wait. Default: none. */
  readonly signal?: AbortSignal;
  /** Told the iterations done, of how many. Default: nobody. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Who made a local auto-login wallet. */
  readonly owner?: AutoLoginOwner;
}

/**
 * Opens a PKCS#12 file, or an auto-login wallet, whose password is in itself.
 *
 * @param bytes copied
 * @param password null for an auto-login wallet
 * @throws {AuthenticationError} ERR_WRONG_PASSWORD; {FormatError} ERR_DER_…; {LimitError} ERR_LIMIT_…
 */
export async function openFile(
  bytes: Uint8Array,
  password: WalletPassword | null,
  options: OpenFileOptions = {},
): Promise<OpenedFile> {
  if (!isAutoLogin(bytes)) return await openPfx(bytes, password, options);
  // What is inside is taken for a PFX, whatever it looks like: a wallet within a wallet within a wallet is not followed.
  return await openInsideAutoLogin(bytes, options.owner, (pfx, own) => openPfx(pfx, own, options));
}

async function openPfx(
  bytes: Uint8Array,
  password: WalletPassword | null,
  { signal, onProgress }: OpenFileOptions,
): Promise<OpenedFile> {
  const wait = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
  const opened = await parsePfx(bytes).unlock(password, { ...wait, allowMissingMac: true });
  try {
    return await fileOf(opened, password ?? '', signal);
  } catch (error) {
    opened.dispose();
    throw error;
  }
}

/** What an opened file holds, as a value with its secrets behind it. In steps that give way: a file may hold very many bags. */
async function fileOf(opened: UnlockedPfx, password: WalletPassword, signal?: AbortSignal): Promise<OpenedFile> {
  await giveWay(signal);
  const bags = opened.bags;
  await giveWay(signal);
  const bagReports = bags.map(bagReport);
  await giveWay(signal);
  const found = walletIn(opened, password);
  try {
    await giveWay(signal);
    return openedFile(opened, reportOf(opened, found, bagReports), found.wallet);
  } catch (error) {
    found.wallet?.dispose();
    throw error;
  }
}

async function giveWay(signal: AbortSignal | undefined): Promise<void> {
  await nextTask();
  if (signal?.aborted) throw abortReason(signal);
}

function reportOf(opened: UnlockedPfx, { wallet, fault }: WalletFound, bags: readonly BagReport[]): OpenedReport {
  return {
    integrity: opened.macVerified ? 'verified' : 'not protected',
    findings: judgePfx(opened),
    quirks: opened.quirks,
    iterations: opened.iterations,
    wallet: wallet === null ? null : factsOf(wallet),
    fault,
    masterKeys: (wallet?.masterKeys ?? []).map(masterKeyReport),
    keyringKeys: (wallet?.keyringEntries ?? []).map(({ owner, id, type, key, version, created }) => ({
      owner,
      id,
      type,
      lengthBytes: key.length,
      version,
      created,
    })),
    bags,
  };
}

function openedFile(opened: UnlockedPfx, report: OpenedReport, wallet: Wallet | null): OpenedFile {
  const { bags } = opened;
  return {
    report,
    wallet,
    revealMasterKey: (keyId) => present(wallet).exportKey(keyId),
    revealKeyringKey: (owner, id) => Secret.from(present(wallet?.keyringEntry(owner, id)).key.expose()),
    revealBag: (index) => Secret.from(present(secretOf(bags[index])).expose()),
    dispose() {
      wallet?.dispose();
      opened.dispose();
    },
    [Symbol.dispose]() {
      this.dispose();
    },
  };
}

interface WalletFound {
  readonly wallet: Wallet | null;
  readonly fault: Fault | null;
}

/** The wallet of a file that has entries of one, and why it is none where its entries are malformed. */
function walletIn(opened: UnlockedPfx, password: WalletPassword): WalletFound {
  if (!opened.bags.some((bag) => bag.kind === 'oracle-secret' || bag.kind === 'java-secret'))
    return { wallet: null, fault: null };
  try {
    return { wallet: adoptWallet(opened, password), fault: null };
  } catch (error) {
    if (error instanceof KeywardError) return { wallet: null, fault: faultOf(error) };
    throw error;
  }
}

function factsOf(wallet: Wallet): OpenedReport['wallet'] {
  const { id, generation, layout, activeKey, fullyBackedUp } = wallet;
  return { id, generation, layout, activeKeyId: activeKey?.keyId ?? null, fullyBackedUp };
}

function masterKeyReport(key: MasterKeyInfo): MasterKeyReport {
  const { keyId, hexKeyId, mkid, keyTag, state, created, activated, origin, backedUp, keptBy } = key;
  return {
    keyId,
    hexKeyId,
    mkid: formatHex(mkid),
    keyTag,
    state,
    created: created.toISOString(),
    activated: activated?.toISOString() ?? null,
    origin,
    algorithm: 'AES-256',
    backedUp,
    keptBy,
    looksGenerated: looksGenerated(mkid),
  };
}

function bagReport(bag: Bag, index: number): BagReport {
  const alias = bag.kind === 'oracle-secret' ? bag.alias : bag.friendlyName;
  const { certificate, fault } = certificateIn(bag);
  return {
    index,
    kind: bag.kind,
    title: formatBag(bag),
    alias,
    meaning: bag.kind === 'oracle-secret' ? meaningOf(bag.alias) : null,
    sizeBytes: bag.der.length,
    algorithm: algorithmOf(bag),
    certificate,
    secret: secretOf(bag) !== undefined,
    fault: 'failure' in bag && bag.failure !== null ? faultOf(bag.failure) : fault,
  };
}

function certificateIn(bag: Bag): { readonly certificate: CertificateSummary | null; readonly fault: Fault | null } {
  if (bag.kind !== 'certificate' || bag.certificateType !== BAG_TYPE.X509_CERTIFICATE)
    return { certificate: null, fault: null };
  try {
    return { certificate: parseCertificate(bag.certificate), fault: null };
  } catch (error) {
    if (error instanceof KeywardError) return { certificate: null, fault: faultOf(error) };
    throw error;
  }
}

function algorithmOf(bag: Bag): string | null {
  if (bag.kind === 'key' || bag.kind === 'shrouded-key') return bag.privateKey?.algorithmName ?? null;
  if (bag.kind === 'java-secret') return bag.secretKey?.algorithmName ?? null;
  return bag.kind === 'other-secret' ? nameOid(bag.secretType) : null;
}

function secretOf(bag: Bag | undefined): Secret | undefined {
  switch (bag?.kind) {
    case 'key':
    case 'shrouded-key':
      return bag.privateKey?.der;
    case 'java-secret':
      return bag.secretKey?.bytes;
    case 'oracle-secret':
    case 'other-secret':
      return bag.value;
    default:
      return undefined;
  }
}

function present<T>(value: T | null | undefined): T {
  if (value === null || value === undefined)
    throw new StateError('ERR_KEY_NOT_FOUND', 'there is no such key in this file');
  return value;
}

/** What the aliases of Oracle's and of our entries stand for. */
function meaningOf(alias: string): string | null {
  return ALIASES.find(([prefix]) => alias.startsWith(prefix))?.[1] ?? null;
}

const ALIASES: readonly (readonly [prefix: string, meaning: string])[] = [
  ['ORACLE.SECURITY.DB.ENCRYPTION.MASTERKEY', 'KEY_ID of the active master key'],
  ['ORACLE.SECURITY.DB.ENCRYPTION.', 'master key'],
  ['ORACLE.SECURITY.TS.ENCRYPTION.', 'tablespace master key (11g)'],
  ['ORACLE.SECURITY.KM.ENCRYPTION.', 'facts of a master key; the layout is not public'],
  ['ORACLE.SECURITY.KB.ENCRYPTION.', 'backup state; the layout is not public'],
  ['ORACLE.SECURITY.ID.ENCRYPTION.', 'identity; the layout is not public'],
  ['ORACLE.SECURITY.KT.ENCRYPTION.', 'type; the layout is not public'],
  ['ORACLE.SECURITY.CL.ENCRYPTION.', 'secret of a client'],
  ['oracle.security.client.connect_string', 'database service of a stored login'],
  ['oracle.security.client.username', 'user name of a stored login'],
  ['oracle.security.client.password', 'password of a stored login'],
  ['KEYWARD.KEYS', 'facts of the master keys'],
  ['KEYWARD.WALLET', 'facts of the wallet'],
  ['KEYWARD.KMS.', 'master key, encrypted by a key management service'],
  ['KEYWARD.KEYRING.', 'keyring key'],
];
