/**
 * PyKMIP's server (Debian package python3-pykmip), started and stopped by a test suite: a free loopback port, a folder with
 * certificates, a database and a log of its own. Node only; needs the peers `pykmip` and `openssl`.
 *
 * What it can and cannot do: Create, Register, Derive Key, Locate, Get, Get Attributes, Get Attribute List, Activate, Revoke,
 * Destroy, Query, Discover Versions, cryptographic operations from 1.2 on; no Add Attribute, no custom attributes, no Undo.
 * Objects get the ids "1", "2", … and belong to the common name of the client's certificate.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type CertificateFiles,
  type CertificateRequest,
  convertKey,
  type KeyForm,
  type KeyKind,
  makeAuthority,
  type TestAuthority,
} from './certificates.ts';
import { makeTempFolder, PYTHON } from './peers.ts';

/** What a server is started with. */
export interface PykmipOptions {
  /** Default `ecdsa`: faster to make, and the server then offers GCM suites. */
  readonly keys?: KeyKind;
  /** Whether the server wants `clientAuth` in a client's certificate. Default true. */
  readonly clientAuth?: boolean;
}

/** What a client folder holds. */
export interface ClientFolderOptions {
  /** Whose certificate: `client-a` (default), `client-b`, or another name, for which one is issued. */
  readonly client?: string;
  /** How `key.pem` is written. Default `plain`; the others come with a `password.txt`. */
  readonly keyForm?: KeyForm;
  /** Default `client password`. */
  readonly password?: string;
  /** `host:port` of `SERVER=`. Default: this server. */
  readonly server?: string;
  /** `STANDBY_SERVER=`, comma-separated. Default: no such line. */
  readonly standby?: readonly string[];
}

/** A server that runs, or was stopped and may be started again. */
export interface PykmipServer extends AsyncDisposable {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** The server's folder; more files may be put into it. */
  readonly path: string;
  readonly authority: TestAuthority;
  /** Paths of a client's certificate and key, issued on first use; its common name is `client`. */
  client(name?: string, request?: Partial<CertificateRequest>): CertificateFiles;
  /** Makes a folder as MySQL's `keyring_okv_conf_dir` names one: `okvclient.ora`, `ssl/CA.pem cert.pem key.pem [password.txt]`. */
  clientFolder(name: string, options?: ClientFolderOptions): string;
  /** What the server wrote to its log so far. */
  log(): string;
  /** Ends the server at once, connections and all; its objects stay. */
  stop(): Promise<void>;
  /** Starts it again, on the same port. Returns once it accepts connections. */
  start(): Promise<void>;
}

/** How long the server may take to come up; its Python modules take seconds on a busy machine. */
const START_LIMIT_MS = 60_000;

/**
 * Starts a server; ready when this returns. Dispose of it in `afterAll`.
 *
 * @example
 * const server = await startPykmip();
 * const folder = server.clientFolder('okv', { keyForm: 'des3' });
 */
export async function startPykmip({ keys = 'ecdsa', clientAuth = true }: PykmipOptions = {}): Promise<PykmipServer> {
  const folder = makeTempFolder();
  const authority = makeAuthority(folder.file('ca'), keys);
  const port = await freePort();
  const { cert, key } = authority.issue('server', {
    commonName: 'localhost',
    usage: 'serverAuth',
    subjectAltName: 'DNS:localhost,IP:127.0.0.1',
  });
  mkdirSync(folder.file('policy'));
  writeFileSync(folder.file('policy/policy.json'), '{}');
  const settings = {
    hostname: '127.0.0.1',
    port,
    certificate_path: cert,
    key_path: key,
    ca_path: authority.ca,
    auth_suite: 'TLS1.2',
    policy_path: folder.file('policy'),
    enable_tls_client_auth: clientAuth ? 'True' : 'False',
    logging_level: 'INFO',
    database_path: folder.file('pykmip.db'),
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  writeFileSync(folder.file('server.conf'), `[server]\n${lines.join('\n')}\n`);

  const run = new Run(folder.file('server.conf'), folder.file('server.log'), port);
  const issued = new Map<string, CertificateFiles>();
  const client = (name = 'client-a', request: Partial<CertificateRequest> = {}): CertificateFiles => {
    let files = issued.get(name);
    if (files === undefined) {
      files = authority.issue(name, { commonName: name, usage: 'clientAuth', ...request });
      issued.set(name, files);
    }
    return files;
  };
  const server: PykmipServer = {
    host: '127.0.0.1',
    port,
    path: folder.path,
    authority,
    client,
    clientFolder: (name, options = {}) => makeClientFolder(folder.file(name), server, options),
    log: () => readFileSync(folder.file('server.log'), 'utf8'),
    start: () => run.start(),
    stop: () => run.stop(),
    async [Symbol.asyncDispose]() {
      await run.stop();
      folder[Symbol.dispose]();
    },
  };
  await run.start();
  return server;
}

/** An address that refuses every connection: a port below those that systems hand out, of a service that no machine has any more. */
export function deadAddress(which: 0 | 1 = 0): { readonly host: '127.0.0.1'; readonly port: number } {
  return { host: '127.0.0.1', port: [1, 2][which] as number }; // tcpmux, compressnet
}

/**
 * Finds a loopback port that nobody listens on, for a server that cannot take what the system gives. It is below the ports that Linux
 * hands out (32,768 and more), so that no connection and no other server is given it before it is used.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(20_000 * Math.random());
    const server = createServer();
    const taken = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(true));
      server.listen(port, '127.0.0.1', () => resolve(false));
    });
    if (taken) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

function makeClientFolder(path: string, server: PykmipServer, options: ClientFolderOptions): string {
  const { client = 'client-a', keyForm = 'plain', password = 'client password', standby } = options;
  const files = server.client(client);
  const ssl = join(path, 'ssl');
  mkdirSync(ssl, { recursive: true, mode: 0o750 });
  const lines = [`SERVER=${options.server ?? `${server.host}:${server.port}`}`];
  if (standby !== undefined) lines.push(`STANDBY_SERVER=${standby.join(',')}`);
  writeFileSync(join(path, 'okvclient.ora'), `${lines.join('\n')}\n`, { mode: 0o600 });
  cpSync(server.authority.ca, join(ssl, 'CA.pem'));
  cpSync(files.cert, join(ssl, 'cert.pem'));
  rmSync(join(ssl, 'password.txt'), { force: true });
  convertKey(files.key, join(ssl, 'key.pem'), keyForm, password);
  if (keyForm !== 'plain') writeFileSync(join(ssl, 'password.txt'), `${password}\n`, { mode: 0o600 });
  return path;
}

/** The server's process, one after another. */
class Run {
  readonly #config: string;
  readonly #log: string;
  readonly #port: number;
  #child: ChildProcess | undefined;

  constructor(config: string, log: string, port: number) {
    this.#config = config;
    this.#log = log;
    this.#port = port;
  }

  async start(): Promise<void> {
    if (this.#child !== undefined) throw new Error('this server runs already');
    const args = ['-W', 'ignore', '/usr/bin/pykmip-server', '-f', this.#config, '-l', this.#log];
    // A process group of its own: the server has helper processes, and all of them have to go.
    const child = spawn(PYTHON, args, { detached: true, stdio: 'ignore', env: { ...process.env, LC_ALL: 'C' } });
    this.#child = child;
    process.on('exit', this.#kill);
    const deadline = performance.now() + START_LIMIT_MS;
    while (!(await accepts(this.#port))) {
      const ended = child.exitCode !== null || child.signalCode !== null;
      if (ended || performance.now() > deadline) {
        await this.stop();
        throw new Error(`pykmip-server did not start; its log is ${this.#log}`);
      }
      await delay(50);
    }
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    while (await accepts(this.#port)) await delay(5); // its helpers die beside it, not before it
    process.off('exit', this.#kill);
    this.#child = undefined;
  }

  // KILL: on TERM it waits for its clients to leave. What it answered is in its database already.
  readonly #kill = (): void => {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // gone already
    }
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const end = (accepted: boolean) => () => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', end(true)).once('error', end(false));
  });
}
