/**
 * `keyward okv init`: makes a configuration directory, from PEM files, a PKCS#12 file or Oracle Key Vault's okvclient.jar.
 * Everything is read and checked before anything is written; `okvclient.ora` comes last, so that a directory without it was never
 * finished. What is there is never overwritten. Node only.
 */
import type { KeyObject, X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { decodeUtf8, encodeUtf8 } from '../../bytes.ts';
import { FormatError, LimitError, StateError, UsageError } from '../../errors.ts';
import { formatOkvClient, type OkvServer, parseOkvClient } from '../../okv/index.ts';
import { type Bag, parsePfx } from '../../pkcs12/index.ts';
import { Secret } from '../../secret.ts';
import {
  assertMatch,
  encodePem,
  encodePlainKey,
  keyFormOf,
  okvPaths,
  readCertificate,
  readKey,
  readNeeded,
  syncDirectory,
  writeSynced,
} from './files.ts';

/** What goes into `ssl/`. The holder wipes `key` and disposes of `password`. */
export interface Material {
  readonly ca: Uint8Array;
  readonly cert: Uint8Array;
  readonly key: Buffer;
  /** Of an encrypted key. */
  readonly password: Secret | null;
  /** The `okvclient.ora` that came with it. */
  readonly config?: Uint8Array;
}

/** Reads PEM files. `password` is for an encrypted key, which stays encrypted. */
export function fromPem(ca: string, cert: string, key: string, password: Secret | null): Material {
  return checked({
    ca: readNeeded(ca),
    cert: readNeeded(cert),
    key: readNeeded(key),
    password: password === null ? null : Secret.from(password.expose()),
  });
}

/** Reads a PKCS#12 file: its key, the key's certificate, and those of authorities unless `ca` names a file of them. */
export async function fromPkcs12(file: string, password: Secret, ca?: string): Promise<Material> {
  using opened = await parsePfx(new Uint8Array(readNeeded(file))).unlock(password);
  const key = keyOf(opened.bags, file);
  const certificates = opened.bags.flatMap((bag) =>
    bag.kind === 'certificate' ? [readCertificate(bag.certificate, file)] : [],
  );
  const own = certificates.find((certificate) => certificate.checkPrivateKey(key));
  if (own === undefined)
    throw new FormatError('ERR_OKV_CERTIFICATE', `${file} holds no certificate of its key`, { offset: 0 });
  const others = certificates.filter((certificate) => certificate !== own);
  const authorities = ca === undefined ? toPem(others.filter((other) => other.ca)) : readNeeded(ca);
  if (authorities.length === 0)
    throw new FormatError(
      'ERR_OKV_CA',
      `${file} holds no certificate of an authority`,
      { offset: 0 },
      { hint: 'give --ca FILE' },
    );
  const between = others.filter((other) => other.ca && !other.checkIssued(other));
  return checked({ ca: authorities, cert: toPem([own, ...between]), key: encodePlainKey(key), password: null });
}

function keyOf(bags: readonly Bag[], file: string): KeyObject {
  for (const bag of bags) {
    if ((bag.kind !== 'key' && bag.kind !== 'shrouded-key') || bag.privateKey === null) continue;
    const pem = encodePem('PRIVATE KEY', bag.privateKey.der.expose());
    try {
      return readKey(pem, null, file);
    } finally {
      pem.fill(0);
    }
  }
  throw new FormatError('ERR_OKV_KEY', `${file} holds no private key`, { offset: 0 });
}

const toPem = (certificates: readonly X509Certificate[]): Uint8Array =>
  encodeUtf8(certificates.map((certificate) => certificate.toString()).join(''));

/** Of one file in the jar, unpacked. */
const MAX_ENTRY_BYTES = 1024 * 1024;
/** Of the jar itself; Oracle's hold libraries for several platforms. */
const MAX_JAR_BYTES = 256 * 1024 * 1024;
const JAR_ENTRIES = /^(?:ssl\/(?:CA|cert|key)\.pem|ssl\/password\.txt|(?:conf\/)?okvclient\.ora)$/;

/** Reads okvclient.jar: `ssl/`, as `jar xf okvclient.jar ssl` does, and `okvclient.ora` where it has one. */
export async function fromJar(file: string): Promise<Material> {
  const jar = readNeeded(file);
  if (jar.length > MAX_JAR_BYTES)
    throw new LimitError('ERR_OKV_JAR', `${file} is too large`, { limit: MAX_JAR_BYTES, actual: jar.length });
  const entries = await unzip(jar, file);
  const entry = (name: string): Uint8Array => {
    const bytes = entries[name];
    if (bytes !== undefined) return bytes;
    throw new FormatError('ERR_OKV_JAR', `there is no ${name} in ${file}`, { offset: 0 });
  };
  const config = entries['conf/okvclient.ora'] ?? entries['okvclient.ora'];
  const line = entries['ssl/password.txt'];
  const end = line?.findIndex((b) => b === 0x0a || b === 0x0d) ?? -1;
  return checked({
    ca: entry('ssl/CA.pem'),
    cert: entry('ssl/cert.pem'),
    key: Buffer.from(entry('ssl/key.pem')),
    password: line === undefined ? null : Secret.from(end < 0 ? line : line.subarray(0, end)),
    ...(config !== undefined && { config }),
  });
}

async function unzip(jar: Uint8Array, file: string): Promise<Readonly<Record<string, Uint8Array>>> {
  const { unzipSync } = await import('fflate');
  try {
    return unzipSync(jar, {
      filter: ({ name, originalSize }) => {
        if (!JAR_ENTRIES.test(name)) return false;
        if (originalSize <= MAX_ENTRY_BYTES) return true;
        throw new LimitError('ERR_OKV_JAR', `${name} in ${file} is too large`, {
          limit: MAX_ENTRY_BYTES,
          actual: originalSize,
        });
      },
    });
  } catch (error) {
    if (error instanceof LimitError) throw error;
    throw new FormatError('ERR_OKV_JAR', `${file} is no jar that can be read`, { offset: 0 }, { cause: error });
  }
}

/** Refuses material that would not work. */
function checked(material: Material): Material {
  try {
    readCertificate(material.ca, 'the file of the authorities');
    const certificate = readCertificate(material.cert, 'the file of the certificate');
    assertMatch(certificate, readKey(material.key, material.password, 'the file of the key'));
    // A password for a key without encryption would only lie about.
    if (keyFormOf(material.key) !== 'plain' || material.password === null) return material;
    material.password.dispose();
    return { ...material, password: null };
  } catch (error) {
    wipeMaterial(material);
    throw error;
  }
}

/** Wipes what is secret. */
export function wipeMaterial(material: Material): void {
  material.key.fill(0);
  material.password?.dispose();
}

/** What a directory is made of. */
export interface InitRequest {
  /** SERVER first. Empty: those of the jar. */
  readonly servers: readonly OkvServer[];
  /** Null: the files are put in by hand later. */
  readonly material: Material | null;
}

/**
 * Makes the directory, or fills an empty one.
 *
 * @returns the paths of what was written
 * @throws {UsageError} ERR_OKV_SERVER_MISSING
 * @throws {StateError} ERR_OKV_EXISTS
 */
export function initDirectory(directory: string, { servers, material }: InitRequest): string[] {
  const paths = okvPaths(directory);
  const config = configOf(servers, material);
  for (const path of [paths.config, paths.ssl])
    if (existsSync(path))
      throw new StateError('ERR_OKV_EXISTS', `there is already ${path}`, { hint: 'nothing was changed' });
  if (mkdirSync(directory, { recursive: true, mode: 0o750 }) !== undefined) chmodSync(directory, 0o750);
  const written = writeSsl(paths.ssl, material);
  writeSynced(paths.config, config, { mode: 0o640 });
  syncDirectory(directory);
  syncDirectory(dirname(directory));
  return [...written, paths.config];
}

function configOf(servers: readonly OkvServer[], material: Material | null): Uint8Array {
  if (servers.length > 0) return encodeUtf8(formatOkvClient(servers));
  if (material?.config === undefined)
    throw new UsageError('ERR_OKV_SERVER_MISSING', 'no server is named', { hint: 'give --server host:port' });
  parseOkvClient(decodeUtf8(material.config)); // what cannot be read is said now
  return material.config;
}

/** Writes `ssl/` under another name and renames it: it is there whole or not at all. */
function writeSsl(ssl: string, material: Material | null): string[] {
  const random = Buffer.from(crypto.getRandomValues(new Uint8Array(8))).toString('hex');
  const temporary = join(dirname(ssl), `.ssl.${random}.tmp`);
  mkdirSync(temporary, { mode: 0o750 });
  try {
    chmodSync(temporary, 0o750);
    const files = material === null ? [] : filesOf(material);
    for (const { name, bytes, mode } of files) writeSynced(join(temporary, name), bytes, { mode });
    for (const { bytes, mode } of files) if (mode === 0o600) bytes.fill(0);
    syncDirectory(temporary);
    renameSync(temporary, ssl);
    return files.map(({ name }) => join(ssl, name));
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  }
}

interface NewFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly mode: number;
}

function filesOf({ ca, cert, key, password }: Material): NewFile[] {
  const files: NewFile[] = [
    { name: 'CA.pem', bytes: ca, mode: 0o640 },
    { name: 'cert.pem', bytes: cert, mode: 0o640 },
    { name: 'key.pem', bytes: key, mode: 0o600 },
  ];
  if (password === null) return files;
  return [
    ...files,
    { name: 'password.txt', bytes: Buffer.concat([password.expose(), Buffer.from('\n')]), mode: 0o600 },
  ];
}
