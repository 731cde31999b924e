/**
 * The home of a server, made and enlarged:
 *
 *   home/                     0700
 *     server.json             where it listens; for people to change
 *     wallet/ewallet.p12      master keys; as keyring entries the authority and the server's certificate, each with its key
 *     objects/                the object store (lmdb-store.ts)
 *     clients/NAME/           0750: okvclient.ora and ssl/ with CA.pem, cert.pem, key.pem, as MySQL's keyring_okv expects them
 *
 * So the only private key that lies open on the disk is a client's, in the client's own directory. Directories are built under
 * another name and renamed: a home and a client are there whole, or not at all. Layer: kmip/server, Node only.
 */
import { chmod, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { decodeUtf8, encodeUtf8, formatHex } from '../../bytes.ts';
import { FormatError, StateError, UsageError } from '../../errors.ts';
import {
  createWalletFile,
  errnoCode,
  nodeFileSystem,
  openWalletFile,
  type WalletFile,
  type WalletFileOptions,
} from '../../wallet/file/index.ts';
import type { Wallet, WalletPassword } from '../../wallet/index.ts';
import {
  createAuthority,
  exportPrivateKey,
  type Identity,
  importPrivateKey,
  issueCertificate,
} from './certificates.ts';
import { openLmdbStore } from './lmdb-store.ts';
import { walletObjectKeys } from './object-keys.ts';
import { openObjectStore } from './object-store.ts';

/** KMIP's registered port. */
export const KMIP_PORT = 5696;

/** What `server.json` says. */
export interface ServerSettings {
  readonly format: 1;
  /** Address to listen on. */
  readonly host: string;
  readonly port: number;
}

/** Options of `initKmipHome`. */
export interface InitOptions {
  /** Directory to make; it may be there when it is empty. */
  readonly home: string;
  /** Of the wallet. Copied as far as it is kept at all. */
  readonly password: WalletPassword;
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string;
  /** Default 5696. */
  readonly port?: number;
  /** Further names and addresses under which clients reach the server. `localhost`, `127.0.0.1`, `::1` and the host stand in any case. */
  readonly names?: readonly string[];
  /** Clients to enrol at once. Default `['client']`. */
  readonly clients?: readonly string[];
  /** Of certificates of the server and its clients. Default 825; the authority's is 3,650. */
  readonly days?: number;
  /** How the wallet is opened or made. Default: as `WalletFileOptions` say. */
  readonly wallet?: WalletFileOptions;
}

/** Options of `addKmipClient`. */
export interface EnrolOptions {
  /** Made by `initKmipHome`. */
  readonly home: string;
  /** Of the home's wallet, which keeps the authority's key. */
  readonly password: WalletPassword;
  /** Becomes the certificate's common name, the owner of the client's objects, and the directory's name. */
  readonly name: string;
  /** True: a client that is there gets a new certificate and key; its objects stay its own, and an earlier certificate stays valid until it expires. Default false. */
  readonly renew?: boolean;
  /** Default 825. */
  readonly days?: number;
  /** How the wallet is opened or made. Default: as `WalletFileOptions` say. */
  readonly wallet?: WalletFileOptions;
}

/** An enrolled client. */
export interface EnrolledClient {
  readonly name: string;
  /** Holds okvclient.ora and ssl/. */
  readonly directory: string;
}

const DAYS = { authority: 3650, leaf: 825 } as const;
const OWNER = 'keyward-kmip-server';
const CLIENT_NAME = /^[A-Za-z0-9_][A-Za-z0-9._@-]{0,63}$/;
const LOOPBACK = ['localhost', '127.0.0.1', '::1'] as const;

/** Paths in a home. */
export interface HomePaths {
  readonly settings: string;
  readonly wallet: string;
  readonly objects: string;
  readonly clients: string;
  readonly epoch: string;
}

/** The paths of a home. */
export function homePaths(home: string): HomePaths {
  return {
    settings: join(home, 'server.json'),
    wallet: join(home, 'wallet'),
    objects: join(home, 'objects'),
    clients: join(home, 'clients'),
    epoch: join(home, 'epoch'),
  };
}

/**
 * Makes the home of a server: wallet with a first master key, authority, certificates, an empty object store, clients.
 *
 * @throws {StateError} ERR_SERVER_HOME_EXISTS when there is something in that directory
 * @throws {UsageError} ERR_CLIENT_NAME, ERR_CERTIFICATE_NAME, ERR_PASSWORD_EMPTY, ERR_LMDB_MISSING
 */
export async function initKmipHome(options: InitOptions): Promise<readonly EnrolledClient[]> {
  const { host = '127.0.0.1', port = KMIP_PORT, clients = ['client'], days = DAYS.leaf, names = [] } = options;
  const home = resolve(options.home);
  for (const name of clients) assertClientName(name);
  if ((await listed(home)).length > 0) {
    throw new StateError('ERR_SERVER_HOME_EXISTS', `there is something in ${home} already`, {
      hint: 'a home is made once; to serve it: keyward kmip serve',
    });
  }
  await builtWhole(home, 0o700, async (building) => {
    const paths = homePaths(building);
    const now = (options.wallet?.now ?? (() => new Date()))();
    const authority = createAuthority(
      `keyward KMIP ${formatHex(crypto.getRandomValues(new Uint8Array(4)))}`,
      now,
      DAYS.authority,
    );
    const own = [...new Set([...LOOPBACK, ...names, ...(isWildcard(host) ? [] : [host])])];
    const server = issueCertificate(authority, {
      commonName: 'keyward',
      usage: 'server',
      names: own,
      notBefore: now,
      days,
    });
    const file = await createWalletFile(paths.wallet, options.password, options.wallet, (wallet) => {
      wallet.setKey({ keyTag: 'KMIP server' });
      keepIdentity(wallet, 'authority', authority);
      keepIdentity(wallet, 'server', server);
    });
    try {
      const keys = walletObjectKeys(() => file.wallet);
      const store = await openObjectStore({ records: await openLmdbStore(paths.objects), keys, create: true });
      await store.close();
    } finally {
      await file.close();
    }
    const settings: ServerSettings = { format: 1, host, port };
    await writeFile(paths.settings, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600 });
    await mkdir(paths.clients, { mode: 0o750 });
    for (const name of clients) await writeClient(paths.clients, name, authority, settings, now, days);
  });
  return clients.map((name) => ({ name, directory: join(homePaths(home).clients, name) }));
}

/**
 * Enrols a client: a certificate of its own and the directory to configure it with.
 *
 * @throws {UsageError} ERR_CLIENT_NAME; {StateError} ERR_CLIENT_EXISTS, ERR_SERVER_HOME_MISSING
 * @throws {AuthenticationError} ERR_WRONG_PASSWORD
 */
export async function addKmipClient(options: EnrolOptions): Promise<EnrolledClient> {
  const { name, renew = false, days = DAYS.leaf } = options;
  assertClientName(name);
  const paths = homePaths(resolve(options.home));
  const settings = await readSettings(options.home);
  const directory = join(paths.clients, name);
  const exists = (await listed(directory)).length > 0;
  if (exists && !renew) {
    throw new StateError('ERR_CLIENT_EXISTS', `there is a client of that name: ${directory}`, {
      hint: 'to give it a new certificate, ask for it to be renewed',
    });
  }
  const file = await openWalletFile(paths.wallet, options.password, options.wallet);
  try {
    const now = (options.wallet?.now ?? (() => new Date()))();
    const authority = identityOf(file.wallet, 'authority');
    await mkdir(paths.clients, { recursive: true, mode: 0o750 });
    await writeClient(paths.clients, name, authority, settings, now, days);
  } finally {
    await file.close();
  }
  return { name, directory };
}

/** What a rotation left. */
export interface RotatedKey {
  /** KEY_ID of the new master key. */
  readonly keyId: string;
  /** The wallet as it was before. */
  readonly backupPath: string;
}

/**
 * Gives the wallet of a home a new master key, after a backup. A running server notices and seals its objects anew.
 *
 * @param options the home, and the password of its wallet
 * @throws {StateError} ERR_WALLET_MISSING; {AuthenticationError} ERR_WRONG_PASSWORD
 */
export async function rotateServerKey(options: {
  readonly home: string;
  readonly password: WalletPassword;
}): Promise<RotatedKey> {
  const file = await openWalletFile(homePaths(resolve(options.home)).wallet, options.password);
  try {
    const { result, backupPath } = await file.change((wallet) => wallet.setKey({ keyTag: 'KMIP server' }), {});
    return { keyId: result.keyId, backupPath: backupPath as string };
  } finally {
    await file.close();
  }
}

/** Reads `server.json`. @throws {StateError} ERR_SERVER_HOME_MISSING; {FormatError} ERR_SERVER_SETTINGS */
export async function readSettings(home: string): Promise<ServerSettings> {
  const path = homePaths(resolve(home)).settings;
  let text: string;
  try {
    text = decodeUtf8(await readFile(path));
  } catch (error) {
    if (errnoCode(error) !== 'ENOENT') throw error;
    throw new StateError('ERR_SERVER_HOME_MISSING', `no server has its home in ${home}`, {
      hint: 'make it: keyward kmip serve --init',
    });
  }
  const settings = parseSettings(text);
  if (settings === null)
    throw new FormatError('ERR_SERVER_SETTINGS', `${path} is not the settings of a server`, { offset: 0 });
  return settings;
}

/** Points the clients' okvclient.ora to where the server listens. */
export async function pointClients(home: string, host: string, port: number): Promise<void> {
  const { clients } = homePaths(resolve(home));
  for (const name of await listed(clients)) {
    if (!CLIENT_NAME.test(name)) continue;
    const path = join(clients, name, 'okvclient.ora');
    const wanted = okvClientText(host, port);
    if (decodeUtf8(await readFile(path).catch(() => new Uint8Array(0))) === wanted) continue;
    await writeFile(`${path}.new`, wanted, { mode: 0o600 });
    await rename(`${path}.new`, path);
  }
}

/** The address that clients on this machine reach a listening address by. */
export function clientHost(host: string): string {
  return isWildcard(host) ? '127.0.0.1' : host;
}

/** The server's own certificate and key, and its authority's certificate, from its wallet. */
export function serverIdentity(file: WalletFile): { readonly server: Identity; readonly authority: string } {
  return { server: identityOf(file.wallet, 'server'), authority: identityOf(file.wallet, 'authority').certificate };
}

function parseSettings(text: string): ServerSettings | null {
  try {
    const { format, host, port } = JSON.parse(text) as Record<string, unknown>;
    const whole = typeof host === 'string' && typeof port === 'number' && Number.isInteger(port);
    return format === 1 && whole && port >= 0 && port <= 65_535 ? { format, host, port } : null;
  } catch {
    return null;
  }
}

function keepIdentity(wallet: Wallet, id: string, identity: Identity): void {
  const key = exportPrivateKey(identity.privateKey);
  wallet.addKeyringEntry({ owner: OWNER, id: `${id}.key`, type: 'PKCS8', key });
  key.fill(0);
  wallet.addKeyringEntry({ owner: OWNER, id: `${id}.pem`, type: 'X509', key: encodeUtf8(identity.certificate) });
}

function identityOf(wallet: Wallet, id: string): Identity {
  const [key, certificate] = ['key', 'pem'].map((kind) => wallet.keyringEntry(OWNER, `${id}.${kind}`));
  if (key === undefined || certificate === undefined)
    throw new StateError('ERR_SERVER_IDENTITY', `the wallet does not hold the certificate of the ${id}`);
  return { certificate: decodeUtf8(certificate.key.expose()), privateKey: importPrivateKey(key.key.expose()) };
}

async function writeClient(
  clients: string,
  name: string,
  authority: Identity,
  settings: ServerSettings,
  notBefore: Date,
  days: number,
): Promise<void> {
  const { certificate, privateKey } = issueCertificate(authority, {
    commonName: name,
    usage: 'client',
    notBefore,
    days,
  });
  const target = join(clients, name);
  await builtWhole(target, 0o750, async (building) => {
    const ssl = join(building, 'ssl');
    await mkdir(ssl, { mode: 0o750 });
    await writeFile(join(building, 'okvclient.ora'), okvClientText(clientHost(settings.host), settings.port), {
      mode: 0o600,
    });
    await writeFile(join(ssl, 'CA.pem'), authority.certificate, { mode: 0o600 });
    await writeFile(join(ssl, 'cert.pem'), certificate, { mode: 0o600 });
    await writeFile(join(ssl, 'key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  });
}

/** Builds a directory beside its place and moves it there; what was there before is gone only then. */
async function builtWhole(target: string, mode: number, build: (building: string) => Promise<void>): Promise<void> {
  const parent = dirname(target);
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const suffix = formatHex(crypto.getRandomValues(new Uint8Array(6)));
  const building = join(parent, `.${basename(target)}.${suffix}`);
  await mkdir(building, { mode });
  // The mode of mkdir is subject to the umask, which may only take away here what is wanted.
  await chmod(building, mode);
  try {
    await build(building);
    await syncTree(building);
    const old = join(parent, `.${basename(target)}.${suffix}.old`);
    const replaced = await rename(target, old).then(
      () => true,
      () => false,
    );
    await rename(building, target);
    await nodeFileSystem.syncDirectory(parent);
    if (replaced) await rm(old, { recursive: true });
  } catch (error) {
    await rm(building, { recursive: true, force: true });
    throw error;
  }
}

/** Returns once a directory, and all that is in it, is on the disk. */
async function syncTree(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await syncTree(path);
    else if (entry.isFile()) {
      // Windows syncs only what is open for writing.
      await using file = await open(path, 'r+');
      await file.sync();
    }
  }
  await nodeFileSystem.syncDirectory(directory);
}

const okvClientText = (host: string, port: number): string =>
  `SERVER=${host.includes(':') ? `[${host}]` : host}:${port}\n`;

const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::';

function assertClientName(name: string): void {
  if (CLIENT_NAME.test(name)) return;
  throw new UsageError('ERR_CLIENT_NAME', 'a client is named by 1 to 64 letters, digits and . _ @ -', {
    hint: 'the name becomes the common name of a certificate and of a directory',
  });
}

async function listed(directory: string): Promise<readonly string[]> {
  return await nodeFileSystem.list(directory);
}
