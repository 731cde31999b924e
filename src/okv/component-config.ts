/**
 * `component_keyring_kmip.cnf`. Two products have a component of this name with this file, and other members in it: Oracle's
 * (MySQL Enterprise 9.5, Reference Manual 8.4.5.7) and Percona's (components/keyrings/keyring_kmip/config). Their members tell
 * them apart. Layer: okv; pure.
 */
import { type LooseMember, type LooseValue, readLooseJson } from './loose-json.ts';
import { type ParseOptions, type Remark, TextReading } from './place.ts';
import { DEFAULT_KMIP_PORT, type OkvServer, readServer } from './server.ts';

interface Common {
  /** In the order in which they are to be tried. */
  readonly servers: readonly OkvServer[];
  /** Look for the file of the same name in the data directory. Default false. */
  readonly readLocalConfig: boolean;
  readonly warnings: readonly Remark[];
}

/** Oracle's component. */
export interface OracleKmipConfig extends Common {
  readonly vendor: 'oracle';
  /** The directory with `ssl/` in it. */
  readonly configurationDirectory: string;
  /** Keep keys in memory. Default false. */
  readonly cacheKeys: boolean;
}

/** Percona's component. */
export interface PerconaKmipConfig extends Common {
  readonly vendor: 'percona';
  /** `client_ca`: against its name the client's own certificate. */
  readonly clientCertificateFile: string;
  readonly clientKeyFile: string;
  readonly serverCaFile: string;
  /** '' for none. */
  readonly objectGroup: string;
  /** As the file says; how many objects the component asks the server for at most. */
  readonly maxObjects: number;
  readonly timeoutMs: number;
  /** As the file says, or Percona's default: false. */
  readonly verifyPeer: boolean;
  /** As the file says, or Percona's default: false. */
  readonly verifyHostName: boolean;
}

/** A global file that only sends its reader to the one in the data directory. */
export interface LocalKmipConfig {
  readonly vendor: 'local';
  readonly readLocalConfig: true;
  readonly warnings: readonly Remark[];
}

/** Either component's configuration. */
export type KmipComponentConfig = OracleKmipConfig | PerconaKmipConfig | LocalKmipConfig;

const ORACLE = ['kmip_configuration_directory', 'cache_keys', 'server', 'standby_server'] as const;
const PERCONA = [
  'server_addr',
  'server_port',
  'client_ca',
  'client_key',
  'server_ca',
  'object_group',
  'max_objects',
  'kmip_timeout_ms',
  'tls_peer_verification',
  'tls_hostname_verification',
] as const;
const READ_LOCAL = 'read_local_config';

/**
 * Parses a `component_keyring_kmip.cnf` of either product. The slips of the manual's samples (missing commas and quotes) are
 * mended and remarked.
 *
 * @throws {FormatError} ERR_OKV_JSON, ERR_OKV_MEMBER, ERR_OKV_SERVER, ERR_OKV_VENDOR, in a strict reading ERR_OKV_STRICT; with line
 *   and column
 * @throws {LimitError} ERR_OKV_SIZE
 * @throws {UsageError} ERR_OPTION
 * @example
 * parseKmipComponentConfig('{"kmip_configuration_directory": "/etc/okv", "server": "10.0.0.1:5696"}').vendor; // 'oracle'
 */
export function parseKmipComponentConfig(text: string, options: ParseOptions = {}): KmipComponentConfig {
  const reading = new TextReading(text, options, 'component_keyring_kmip.cnf');
  const members = new Members(readLooseJson(reading), reading);
  const oracle = ORACLE.filter((name) => members.has(name));
  const percona = PERCONA.filter((name) => members.has(name));
  if (oracle.length > 0 && percona.length > 0)
    reading.fail(
      'ERR_OKV_VENDOR',
      `${oracle[0]} is a member of Oracle's file, ${percona[0]} of Percona's: this can be only one of them`,
      members.offsetOf(percona[0]!),
    );
  members.remarkUnknown([...ORACLE, ...PERCONA, READ_LOCAL]);
  if (oracle.length > 0) return oracleConfig(members, reading);
  if (percona.length > 0) return perconaConfig(members, reading);
  if (members.boolean(READ_LOCAL, false)) return { vendor: 'local', readLocalConfig: true, warnings: reading.remarks };
  return reading.fail('ERR_OKV_VENDOR', "this is neither Oracle's configuration nor Percona's", 0, [], MEMBERS_HINT);
}

const MEMBERS_HINT = "Oracle's has kmip_configuration_directory and server, Percona's server_addr and client_key";

function oracleConfig(members: Members, reading: TextReading): OracleKmipConfig {
  return {
    vendor: 'oracle',
    servers: [serverOf(members.required('server'), 'server', reading), ...standbysOf(members, reading)],
    configurationDirectory: members.text('kmip_configuration_directory'),
    cacheKeys: members.boolean('cache_keys', false),
    readLocalConfig: members.boolean(READ_LOCAL, false),
    warnings: reading.remarks,
  };
}

/** One string, or an array of them; a string may hold a list. */
function standbysOf(members: Members, reading: TextReading): OkvServer[] {
  const value = members.optional('standby_server');
  if (value === undefined) return [];
  const values = value.kind === 'array' ? value.items : [value];
  return values.flatMap((item) => {
    if (item.kind !== 'string') return [serverOf(item, 'standby_server', reading)];
    const parts = item.value.split(',').filter((part) => part.trim() !== '');
    return parts.map((part) => serverOf({ ...item, value: part }, 'standby_server', reading));
  });
}

function serverOf(value: LooseValue, name: string, reading: TextReading): OkvServer {
  if (value.kind !== 'string') return reading.fail('ERR_OKV_MEMBER', `${name} must be a string`, value.offset, [name]);
  const read = readServer(value.value.trim());
  if ('fault' in read) return reading.fail('ERR_OKV_SERVER', read.fault, value.offset, [name], read.hint);
  if (read.suffix !== '') reading.warn('OKV_SUFFIX', 'fields behind the port were left out', value.offset);
  return read.server;
}

function perconaConfig(members: Members, reading: TextReading): PerconaKmipConfig {
  const address = members.text('server_addr').trim();
  const verifyPeer = members.boolean('tls_peer_verification', false);
  const verifyHostName = members.boolean('tls_hostname_verification', false);
  if (!verifyPeer)
    reading.notice(
      'OKV_NOT_VERIFIED',
      "tls_peer_verification is off: Percona's component takes any server for the right one",
      members.offsetOf('tls_peer_verification'),
    );
  if (verifyHostName && !verifyPeer)
    reading.warn(
      'OKV_HOST_NAME_ALONE',
      'tls_hostname_verification needs tls_peer_verification',
      members.offsetOf('tls_hostname_verification'),
    );
  const host = address.includes(':') && !address.startsWith('[') ? `[${address}]` : address;
  const text = `${host}:${members.port('server_port')}`;
  return {
    vendor: 'percona',
    servers: [
      serverOf({ kind: 'string', value: text, offset: members.offsetOf('server_addr') }, 'server_addr', reading),
    ],
    clientCertificateFile: members.text('client_ca'),
    clientKeyFile: members.text('client_key'),
    serverCaFile: members.text('server_ca'),
    objectGroup: members.has('object_group') ? members.text('object_group', true) : '',
    maxObjects: members.count('max_objects', 65535),
    timeoutMs: members.count('kmip_timeout_ms', 5000),
    verifyPeer,
    verifyHostName,
    readLocalConfig: members.boolean(READ_LOCAL, false),
    warnings: reading.remarks,
  };
}

/** The members of the object, asked for by name and type. */
class Members {
  readonly #all: ReadonlyMap<string, LooseMember>;
  readonly #reading: TextReading;

  constructor(members: readonly LooseMember[], reading: TextReading) {
    const all = new Map<string, LooseMember>();
    for (const member of members) {
      if (all.has(member.name))
        reading.warn('OKV_DUPLICATE', `${member.name} is set again: the last one counts`, member.offset);
      all.set(member.name, member);
    }
    this.#all = all;
    this.#reading = reading;
  }

  has(name: string): boolean {
    return this.#all.has(name);
  }

  /** Of a member's name; of the object where there is none. */
  offsetOf(name: string): number {
    return this.#all.get(name)?.offset ?? 0;
  }

  remarkUnknown(known: readonly string[]): void {
    for (const { name, offset } of this.#all.values())
      if (!known.includes(name)) this.#reading.warn('OKV_UNKNOWN_MEMBER', `nobody reads the member ${name}`, offset);
  }

  optional(name: string): LooseValue | undefined {
    return this.#all.get(name)?.value;
  }

  required(name: string): LooseValue {
    const value = this.optional(name);
    return value ?? this.#reading.fail('ERR_OKV_MEMBER', `the member ${name} is missing`, 0, [name]);
  }

  text(name: string, mayBeEmpty = false): string {
    const value = this.required(name);
    if (value.kind !== 'string') return this.#fail(name, 'a string');
    if (value.value === '' && !mayBeEmpty) return this.#fail(name, 'a string with something in it');
    return value.value;
  }

  boolean(name: string, otherwise: boolean): boolean {
    const value = this.optional(name);
    if (value === undefined) return otherwise;
    return value.kind === 'boolean' ? value.value : this.#fail(name, 'true or false');
  }

  /** Percona's port is a string; a number is understood. */
  port(name: string): string {
    const value = this.optional(name);
    if (value === undefined) return String(DEFAULT_KMIP_PORT);
    if (value.kind === 'string' || value.kind === 'number') return String(value.value);
    return this.#fail(name, 'a port');
  }

  count(name: string, otherwise: number): number {
    const value = this.optional(name);
    if (value === undefined) return otherwise;
    const isCount = value.kind === 'number' && Number.isSafeInteger(value.value) && value.value > 0;
    return isCount ? value.value : this.#fail(name, 'a whole number above 0');
  }

  #fail(name: string, what: string): never {
    this.#reading.fail('ERR_OKV_MEMBER', `${name} must be ${what}`, this.optional(name)?.offset ?? 0, [name]);
  }
}
