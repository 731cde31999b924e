/**
 * What a client is told: servers, credentials, times and limits, with their defaults. Unknown names and values out of range
 * are refused before anything is opened. Layer: kmip/client, Node only.
 */
import type { SecureVersion } from 'node:tls';
import { UsageError } from '../../errors.ts';
import type { Secret } from '../../secret.ts';
import { isKmipVersion, KMIP_VERSIONS, type KmipVersion } from '../index.ts';

/** The port that IANA gave KMIP. */
export const KMIP_PORT = 5696;

/** Where a server is. */
export interface ServerAddress {
  /** A name, an IPv4 or an IPv6 address (without brackets). */
  readonly host: string;
  /** Default 5,696. */
  readonly port?: number;
}

/** Something to read: a file, read again when it changes, or the contents themselves. */
export type Source = { readonly file: string } | string | Uint8Array;

/** A password: text, its UTF-8 bytes, a Secret (copied), or a file whose first line it is. */
export type PasswordSource = { readonly file: string } | string | Uint8Array | Secret;

/** Certificate, key and trusted authorities as PEM. */
export interface PemCredentials {
  /** The authorities that a server's certificate must come from; nothing else is trusted, the system's store neither. */
  readonly ca: Source;
  /** The client's certificate, with intermediate ones after it. */
  readonly cert: Source;
  /** Its private key: PKCS#8, PKCS#1 or SEC 1; encrypted as PKCS#8 or traditionally (`Proc-Type: 4,ENCRYPTED`), or not at all. */
  readonly key: Source;
  /** For an encrypted key. */
  readonly password?: PasswordSource;
}

/** The same in one PKCS#12 file, old algorithms included. */
export interface Pkcs12Credentials {
  readonly pkcs12: Source;
  readonly password: PasswordSource | null;
  /** Default: the certificates of authorities in the file. */
  readonly ca?: Source;
}

/** Who the client is and whom it trusts. */
export type Credentials = PemCredentials | Pkcs12Credentials;

/** How TLS is spoken. */
export interface TlsOptions {
  /** The name that the server's certificate must have, where it is not the host that is connected to. Sent as SNI too. */
  readonly servername?: string;
  /** Verify that the server's certificate is for its host. Default true. */
  readonly verifyHost?: boolean;
  /** Verify the server's certificate at all. Default true; without, anybody on the way reads every key. */
  readonly verifyServer?: boolean;
  /** Default `TLSv1.2`. */
  readonly minVersion?: SecureVersion;
  /** Default: the newest there is. */
  readonly maxVersion?: SecureVersion;
  /** OpenSSL's cipher list. Default: Node's. */
  readonly ciphers?: string;
}

/** Options of `connectKmip`. */
export interface KmipClientOptions {
  /** In the order of preference; at least one. */
  readonly servers: readonly ServerAddress[];
  readonly credentials: Credentials;
  /** Default: TLS 1.2 or newer, the server's certificate verified. */
  readonly tls?: TlsOptions;
  /** The protocol version to speak, without asking the server. Default: the newest that both know, by Discover Versions. */
  readonly version?: KmipVersion;
  /** The newest version to agree on when none is pinned. Default `1.4`. */
  readonly maxVersion?: KmipVersion;
  /** For all that one call does, ms. Default 60,000. A call's own option goes before it. */
  readonly timeoutMs?: number;
  /** How long a server may take to answer one request, ms; then the connection is given up. Default 20,000. */
  readonly responseTimeoutMs?: number;
  /** How long connecting to one server may take, TLS and version included, ms. Default 20,000. */
  readonly attemptTimeoutMs?: number;
  /** The next server is tried when one has not answered for this long, ms; 0: only when it has failed. Default 1,000. */
  readonly hedgeAfterMs?: number;
  /** How long a server that failed is tried last, ms; twice as long after each further failure. Default 30,000. */
  readonly rememberFailureMs?: number;
  /**
   * How often a call tries again: any call when a connection broke while it was being made, and one that may be sent twice
   * when it broke later. Default 2.
   */
  readonly maxResends?: number;
  /** Connections at a time. Default 4. */
  readonly maxConnections?: number;
  /** Connections idle for longer are closed rather than used, ms; servers drop them silently after 30 s and more. Default 20,000. */
  readonly idleMs?: number;
  /** Connections older are not used again, ms: how a client comes back to its first server, and to new certificates. Default 300,000. */
  readonly maxAgeMs?: number;
  /** Maximum Response Size that the server is asked to keep to, bytes; 0 asks for none. Default 280,000, as MySQL. */
  readonly maximumResponseSize?: number;
  /** Announced length from which a server's message is refused unread, bytes. Default, and at most, 8 MiB. */
  readonly maxMessageBytes?: number;
  /** Connect with the first request instead of at once. Default false. */
  readonly lazy?: boolean;
}

/** One call's own limits. */
export interface CallOptions {
  /** Ends the wait. Default: none. */
  readonly signal?: AbortSignal;
  /** Default: the client's. */
  readonly timeoutMs?: number;
}

/** A server as the room's files know it: one object per server, compared by identity. */
export interface Server {
  readonly host: string;
  readonly port: number;
  /** `host:port`, IPv6 in brackets. */
  readonly name: string;
}

/** The options, checked and complete. */
export interface Settings {
  readonly servers: readonly Server[];
  readonly credentials: Credentials;
  readonly tls: TlsOptions;
  readonly version: KmipVersion | null;
  /** Versions to agree on, the newest first. */
  readonly versions: readonly KmipVersion[];
  readonly timeoutMs: number;
  readonly responseTimeoutMs: number;
  readonly attemptTimeoutMs: number;
  readonly hedgeAfterMs: number;
  readonly rememberFailureMs: number;
  readonly maxResends: number;
  readonly maxConnections: number;
  readonly idleMs: number;
  readonly maxAgeMs: number;
  readonly maximumResponseSize: number;
  readonly maxMessageBytes: number;
  readonly lazy: boolean;
}

/** Checks and completes the caller's options. @throws {UsageError} ERR_OPTION */
export function resolveOptions(options: KmipClientOptions): Settings {
  assertKnown(options, [...Object.keys(NUMBERS), 'servers', 'credentials', 'tls', 'version', 'maxVersion', 'lazy'], '');
  const { servers, tls = {}, version, maxVersion = '1.4', lazy = false } = options;
  assertKnown(tls, ['servername', 'verifyHost', 'verifyServer', 'minVersion', 'maxVersion', 'ciphers'], 'tls.');
  assertCredentials(options.credentials);
  for (const v of [version ?? maxVersion, maxVersion])
    if (!isKmipVersion(v)) throw new UsageError('ERR_OPTION', `${v} is no KMIP version that can be spoken`);
  const numbers = {} as Record<keyof typeof NUMBERS, number>;
  for (const [name, { is, least, most }] of entriesOf(NUMBERS)) {
    const value = options[name] ?? is;
    // Written so that NaN is refused too.
    if (!(value >= least && value <= most))
      throw new UsageError('ERR_OPTION', `${name} must be from ${least} to ${most}`);
    numbers[name] = value;
  }
  return {
    ...numbers,
    servers: resolveServers(servers),
    credentials: options.credentials,
    tls,
    version: version ?? null,
    versions: KMIP_VERSIONS.slice(KMIP_VERSIONS.indexOf(maxVersion)),
    lazy,
  };
}

/** The time one call has, in ms. @throws {UsageError} ERR_OPTION */
export function timeoutOf(options: CallOptions, settings: Settings): number {
  const { timeoutMs = settings.timeoutMs } = options;
  if (!(timeoutMs > 0)) throw new UsageError('ERR_OPTION', 'timeoutMs must be more than 0');
  return Math.min(timeoutMs, LONGEST_MS);
}

/** Refuses options that a function does not know. @throws {UsageError} ERR_OPTION */
export function assertKnown(given: object, known: readonly string[], prefix = ''): void {
  for (const name of Object.keys(given))
    if (!known.includes(name))
      throw new UsageError('ERR_OPTION', `unknown option "${prefix}${name}"`, { hint: `known: ${known.join(', ')}` });
}

function resolveServers(servers: readonly ServerAddress[] | undefined): readonly Server[] {
  if (!Array.isArray(servers) || servers.length === 0)
    throw new UsageError('ERR_OPTION', 'servers must name at least one');
  const byName = new Map<string, Server>();
  for (const { host, port = KMIP_PORT } of servers as readonly ServerAddress[]) {
    if (typeof host !== 'string' || host === '') throw new UsageError('ERR_OPTION', 'a server must have a host');
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      throw new UsageError('ERR_OPTION', `the port of ${host} must be from 1 to 65535`);
    const name = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    if (!byName.has(name)) byName.set(name, { host, port, name });
  }
  return [...byName.values()];
}

function assertCredentials(credentials: Credentials | undefined): void {
  if (credentials === undefined) throw new UsageError('ERR_OPTION', 'credentials are missing');
  const isPkcs12 = 'pkcs12' in credentials;
  assertKnown(credentials, isPkcs12 ? ['pkcs12', 'password', 'ca'] : ['ca', 'cert', 'key', 'password'], 'credentials.');
  const needed = isPkcs12 ? ['pkcs12', 'password'] : ['ca', 'cert', 'key'];
  for (const name of needed)
    if (!(name in credentials)) throw new UsageError('ERR_OPTION', `credentials.${name} is missing`);
}

const entriesOf = Object.entries as <K extends string, V>(of: Record<K, V>) => [K, V][];

/** Node's timers take no longer time. */
const LONGEST_MS = 2 ** 31 - 1;
/** What the core reads as one message. */
const MAX_MESSAGE_BYTES = 8 * 2 ** 20;

const NUMBERS = {
  timeoutMs: { is: 60_000, least: 1, most: LONGEST_MS },
  responseTimeoutMs: { is: 20_000, least: 1, most: LONGEST_MS },
  attemptTimeoutMs: { is: 20_000, least: 1, most: LONGEST_MS },
  hedgeAfterMs: { is: 1000, least: 0, most: LONGEST_MS },
  rememberFailureMs: { is: 30_000, least: 0, most: LONGEST_MS },
  maxResends: { is: 2, least: 0, most: 100 },
  maxConnections: { is: 4, least: 1, most: 1000 },
  idleMs: { is: 20_000, least: 0, most: LONGEST_MS },
  maxAgeMs: { is: 300_000, least: 0, most: LONGEST_MS },
  maximumResponseSize: { is: 280_000, least: 0, most: LONGEST_MS },
  maxMessageBytes: { is: MAX_MESSAGE_BYTES, least: 1024, most: MAX_MESSAGE_BYTES },
} as const;
