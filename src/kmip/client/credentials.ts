/**
 * Certificates and keys: read, checked against each other, made into a TLS context, and read again when their files change.
 * A private key is decrypted by node:crypto (PEM) or by our own PKCS#12 reader, handed to OpenSSL as PEM bytes, and wiped.
 * Layer: kmip/client, Node only.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { createSecureContext, type SecureContext } from 'node:tls';
import { concatBytes, encodeUtf8 } from '../../bytes.ts';
import { encodeBase64 } from '../../core/index.ts';
import { AuthenticationError, FormatError, KeywardError, StateError, UsageError } from '../../errors.ts';
import { parsePfx } from '../../pkcs12/index.ts';
import { Secret } from '../../secret.ts';
import { publishCredentials } from './events.ts';
import type { Credentials, PasswordSource, Pkcs12Credentials, Source, TlsOptions } from './options.ts';

/** What OpenSSL is given. The key is wiped once it has it. */
interface Material {
  /** PEM. */
  readonly ca: readonly Uint8Array[];
  /** PEM: the client's certificate, and those between it and its authority. */
  readonly cert: Uint8Array;
  readonly key: KeyObject;
}

/** The credentials of one client. */
export class CredentialStore {
  readonly #credentials: Credentials;
  readonly #tls: TlsOptions;
  /** A copy of the caller's Secret, which may be disposed of before the files change. */
  readonly #secret: Secret | undefined;
  /** The files and what their stamps were when they were read. */
  #stamps: ReadonlyMap<string, string> = new Map();
  #context: SecureContext | undefined;

  constructor(credentials: Credentials, tls: TlsOptions) {
    const { password } = credentials;
    this.#secret = password instanceof Secret ? Secret.adopt(password.copy()) : undefined;
    this.#credentials = this.#secret === undefined ? credentials : { ...credentials, password: this.#secret };
    this.#tls = tls;
  }

  /** Wipes the password, where it was given as a Secret. Safe to call twice. */
  dispose(): void {
    this.#secret?.dispose();
  }

  /**
   * The TLS context of the files as they are. Files that changed into something unusable leave the last one in use, because
   * certificate and key cannot be replaced in one step.
   *
   * @throws {StateError} ERR_KMIP_CREDENTIAL_FILE when a file cannot be read
   * @throws {FormatError} ERR_KMIP_CA, ERR_KMIP_CERTIFICATE, ERR_KMIP_KEY, ERR_KMIP_KEY_MISMATCH
   * @throws {AuthenticationError} ERR_WRONG_PASSWORD
   */
  async context(): Promise<SecureContext> {
    const stamps = await this.#readStamps();
    if (this.#context !== undefined && sameStamps(stamps, this.#stamps)) return this.#context;
    const isReload = this.#context !== undefined;
    try {
      this.#context = makeContext(await loadMaterial(this.#credentials), this.#tls);
      this.#stamps = stamps;
      if (isReload) publishCredentials({ files: [...stamps.keys()], error: null });
    } catch (error) {
      if (this.#context === undefined) throw error;
      publishCredentials({
        files: [...stamps.keys()],
        error: error instanceof KeywardError ? error.code : 'ERR_UNKNOWN',
      });
    }
    return this.#context;
  }

  async #readStamps(): Promise<ReadonlyMap<string, string>> {
    const stamps = new Map<string, string>();
    for (const source of Object.values(this.#credentials) as readonly (Source | PasswordSource | null | undefined)[]) {
      const file = fileOf(source);
      if (file === undefined) continue;
      const s = await stat(file, { bigint: true }).catch(() => undefined);
      stamps.set(file, s === undefined ? 'absent' : `${s.dev} ${s.ino} ${s.size} ${s.mtimeNs} ${s.ctimeNs}`);
    }
    return stamps;
  }
}

async function loadMaterial(credentials: Credentials): Promise<Material> {
  using password = await readPassword(credentials.password ?? null);
  const material =
    'pkcs12' in credentials ? await fromPkcs12(credentials, password) : await fromPem(credentials, password);
  const leaf = parseCertificate(material.cert, 'the client certificate');
  if (!leaf.checkPrivateKey(material.key)) {
    throw new FormatError('ERR_KMIP_KEY_MISMATCH', 'private key does not match the certificate public key', {
      offset: 0,
    });
  }
  return material;
}

async function fromPem(
  credentials: Exclude<Credentials, Pkcs12Credentials>,
  password: Secret | null,
): Promise<Material> {
  const ca = await readSource(credentials.ca);
  const cert = await readSource(credentials.cert);
  assertAuthorities(ca);
  const pem = await readSource(credentials.key);
  try {
    return { ca: [ca], cert, key: parsePrivateKey(pem, password, fileOf(credentials.key)) };
  } finally {
    if (!(credentials.key instanceof Uint8Array)) pem.fill(0);
  }
}

async function fromPkcs12(credentials: Pkcs12Credentials, password: Secret | null): Promise<Material> {
  const file = await readSource(credentials.pkcs12);
  using pfx = await parsePfx(file).unlock(password);
  let key: KeyObject | undefined;
  const certificates: X509Certificate[] = [];
  for (const bag of pfx.bags) {
    if ((bag.kind === 'key' || bag.kind === 'shrouded-key') && bag.privateKey !== null && key === undefined)
      key = parsePrivateKey(bag.privateKey.der.expose(), null, fileOf(credentials.pkcs12), 'der');
    if (bag.kind === 'certificate')
      certificates.push(parseCertificate(bag.certificate, 'a certificate of the PKCS#12 file'));
  }
  if (key === undefined)
    throw new FormatError('ERR_KMIP_KEY', `${nameOf(credentials.pkcs12)} holds no private key that could be read`, {
      offset: 0,
    });
  const privateKey = key;
  const leaf = certificates.find((certificate) => certificate.checkPrivateKey(privateKey)) ?? certificates[0];
  if (leaf === undefined)
    throw new FormatError('ERR_KMIP_CERTIFICATE', `${nameOf(credentials.pkcs12)} holds no certificate`, { offset: 0 });
  const others = certificates.filter((certificate) => certificate !== leaf);
  const chain = [leaf, ...others.filter((certificate) => !certificate.checkIssued(certificate))];
  const ca = credentials.ca === undefined ? others.filter((c) => c.ca).map(pemOf) : [await readSource(credentials.ca)];
  if (ca.length === 0)
    throw new FormatError(
      'ERR_KMIP_CA',
      'the PKCS#12 file holds no certificate of an authority',
      { offset: 0 },
      { hint: 'give credentials.ca' },
    );
  return { ca, cert: concatBytes(...chain.map(pemOf)), key };
}

function makeContext(material: Material, tls: TlsOptions): SecureContext {
  const der = material.key.export({ type: 'pkcs8', format: 'der' });
  const base64 = encodeBase64(der);
  const key = concatBytes(
    encodeUtf8('-----BEGIN PRIVATE KEY-----\n'),
    inLines(base64),
    encodeUtf8('-----END PRIVATE KEY-----\n'),
  );
  try {
    return createSecureContext({
      ca: material.ca.map((pem) => Buffer.from(pem)),
      cert: Buffer.from(material.cert),
      key: Buffer.from(key.buffer),
      minVersion: tls.minVersion ?? 'TLSv1.2',
      ...(tls.maxVersion === undefined ? {} : { maxVersion: tls.maxVersion }),
      ...(tls.ciphers === undefined ? {} : { ciphers: tls.ciphers }),
    });
  } catch (error) {
    throw new UsageError('ERR_KMIP_TLS_OPTIONS', 'OpenSSL refuses these certificates, versions or ciphers', {
      cause: error,
    });
  } finally {
    for (const bytes of [der, base64, key]) bytes.fill(0);
  }
}

/** Breaks base64 after every 64 characters, as PEM wants it. */
function inLines(base64: Uint8Array): Uint8Array<ArrayBuffer> {
  const lines = Math.ceil(base64.length / 64);
  const out = new Uint8Array(base64.length + lines).fill(0x0a);
  for (let i = 0; i < lines; i++) out.set(base64.subarray(i * 64, (i + 1) * 64), i * 65);
  return out;
}

function parsePrivateKey(
  bytes: Uint8Array,
  password: Secret | null,
  file: string | undefined,
  format: 'pem' | 'der' = 'pem',
): KeyObject {
  const where = file ?? 'the private key';
  const passphrase = password === null ? {} : { passphrase: Buffer.from(password.expose()) };
  try {
    return createPrivateKey({
      key: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
      format,
      type: 'pkcs8',
      ...passphrase,
    });
  } catch {
    // Both forms say in their first lines that they are encrypted, in these capitals. No string is made of what may be the key.
    const isEncrypted = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 200)).includes('ENCRYPTED');
    if (isEncrypted && password === null)
      throw new UsageError('ERR_KMIP_KEY_PASSWORD', `${where} is encrypted and no password was given`);
    // One wording for a wrong password and for a damaged key, as for wallets.
    if (isEncrypted) throw new AuthenticationError('ERR_WRONG_PASSWORD', 'wrong password or damaged file');
    throw new FormatError('ERR_KMIP_KEY', `${where} is no private key in PEM`, { offset: 0 });
  } finally {
    passphrase.passphrase?.fill(0);
  }
}

function parseCertificate(bytes: Uint8Array, what: string): X509Certificate {
  try {
    return new X509Certificate(bytes);
  } catch {
    throw new FormatError('ERR_KMIP_CERTIFICATE', `${what} cannot be read`, { offset: 0 });
  }
}

/** OpenSSL ignores what is no certificate in a trust store, and then trusts nobody: said here instead of at the handshake. */
function assertAuthorities(pem: Uint8Array): void {
  try {
    new X509Certificate(pem);
  } catch {
    throw new FormatError('ERR_KMIP_CA', 'the certificates of the authorities cannot be read', { offset: 0 });
  }
}

const pemOf = (certificate: X509Certificate): Uint8Array => encodeUtf8(certificate.toString());

async function readPassword(source: PasswordSource | null): Promise<Secret | null> {
  if (source === null) return null;
  if (typeof source === 'string') return Secret.fromText(source);
  if (source instanceof Secret) return Secret.adopt(source.copy());
  if (source instanceof Uint8Array) return Secret.from(source);
  const bytes = await readSource(source);
  // One line; its end is not part of the password.
  const end = bytes.findIndex((byte) => byte === 0x0a || byte === 0x0d);
  const secret = Secret.from(end === -1 ? bytes : bytes.subarray(0, end));
  bytes.fill(0);
  return secret;
}

async function readSource(source: Source): Promise<Uint8Array> {
  if (typeof source === 'string') return encodeUtf8(source);
  if (source instanceof Uint8Array) return source;
  try {
    return await readFile(source.file);
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    throw new StateError('ERR_KMIP_CREDENTIAL_FILE', `${source.file} cannot be read (${code})`, { cause: error });
  }
}

function fileOf(source: Source | PasswordSource | null | undefined): string | undefined {
  if (source === null || typeof source !== 'object') return undefined;
  return 'file' in source ? source.file : undefined;
}

const nameOf = (source: Source): string => fileOf(source) ?? 'the PKCS#12 file';

function sameStamps(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([file, stamp]) => b.get(file) === stamp);
}
