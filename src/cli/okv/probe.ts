/**
 * `keyward okv check`, the part that looks at servers: each one of the list by itself, first TLS alone, with everything about the
 * certificate said that can be said, then KMIP as the keyring speaks it. Node only.
 */
import { X509Certificate } from 'node:crypto';
import { checkServerIdentity, connect, type TLSSocket } from 'node:tls';
import { KeywardError, TransportError } from '../../errors.ts';
import { connectKmip } from '../../kmip/client/index.ts';
import { formatServer, type OkvServer } from '../../okv/index.ts';
import { type Check, Checks } from '../checks.ts';
import { checkUsage, validityOf } from './check.ts';

/** How servers are asked. */
export interface ProbeOptions {
  /** PEM, the key not encrypted: what a server's certificate is verified with, and what the client shows. */
  readonly pem: { readonly ca: Uint8Array; readonly cert: Uint8Array; readonly key: Uint8Array };
  readonly now: Date;
  /** For each of the two connections, milliseconds. */
  readonly timeoutMs: number;
}

/** What keyring_okv's functions are made of. */
const NEEDED = ['Create', 'Register', 'Locate', 'Get', 'GetAttributes', 'Activate', 'Revoke', 'Destroy'] as const;

/** Looks at one server. Never throws for what a server does. */
export async function probeServer(server: OkvServer, options: ProbeOptions): Promise<readonly Check[]> {
  const checks = new Checks();
  const reached = await probeTls(server, options, checks);
  if (reached) await probeKmip(server, options, checks);
  return checks.list;
}

/** The handshake, its version and suite, and the server's certificate, which is looked at even if it is not to be trusted. */
async function probeTls(server: OkvServer, { pem, now, timeoutMs }: ProbeOptions, checks: Checks): Promise<boolean> {
  const name = `${formatServer(server)} TLS`;
  const { host, port } = server;
  // Not trusted here: what is wrong with the certificate is to be said, and nothing is sent over this connection.
  const socket = connect({
    host,
    port,
    ca: Buffer.from(pem.ca),
    cert: Buffer.from(pem.cert),
    key: Buffer.from(pem.key),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: false,
    ...(isAddress(host) ? {} : { servername: host }),
  });
  try {
    await handshake(socket, timeoutMs);
    const { name: suite } = socket.getCipher();
    checks.add(name, 'ok', `${socket.getProtocol()}, ${suite}`);
    checkServerCertificate(socket, server, now, checks);
    return true;
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message: string };
    // That of several addresses has no message of its own.
    const detail = code === undefined || message.includes(code) ? message : `${code} ${message}`.trimEnd();
    checks.add(name, 'fail', detail, hintOf(code));
    return false;
  } finally {
    socket.destroy();
  }
}

const isAddress = (host: string): boolean => host.includes(':') || /^[\d.]+$/.test(host);

function handshake(socket: TLSSocket, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const phase = socket.connecting ? 'the connection' : 'the TLS handshake';
      reject(Object.assign(new Error(`${phase} took more than ${timeoutMs} ms`), { code: 'ETIMEDOUT' }));
    }, timeoutMs);
    const end = (settle: () => void) => () => {
      clearTimeout(timer);
      settle();
    };
    socket.once('secureConnect', end(resolve));
    socket.on('error', (error) => end(() => reject(error))());
    socket.once(
      'close',
      end(() => reject(Object.assign(new Error('the server closed it'), { code: 'ECONNRESET' }))),
    );
  });
}

function checkServerCertificate(socket: TLSSocket, server: OkvServer, now: Date, checks: Checks): void {
  const name = `${formatServer(server)} certificate`;
  const peer = socket.getPeerCertificate();
  const certificate = peer.raw === undefined ? undefined : new X509Certificate(peer.raw);
  if (certificate === undefined) {
    checks.add(name, 'fail', 'the server shows none');
    return;
  }
  const { verdict, detail } = validityOf(certificate, now);
  checks.add(name, verdict, `${certificate.subject.replaceAll('\n', ', ')}; ${detail}`);
  // With its own name, not Node's text for it: the chain as OpenSSL judged it.
  const fault = socket.authorizationError as unknown as string | null | undefined;
  if (!fault) checks.add(name, 'ok', 'it comes from an authority of CA.pem');
  else checks.add(name, 'fail', `it is not trusted (${fault})`, 'CA.pem must hold the authority of the server');
  const mismatch = checkServerIdentity(server.host, peer);
  const names = peer.subjectaltname ?? 'no subject alternative name';
  if (mismatch === undefined) checks.add(name, 'ok', `it is for this host (${names})`);
  else checks.add(name, 'fail', `it is not for ${server.host}: ${names}`, 'name the server as its certificate does');
  checkUsage(name, certificate, 'serverAuth', checks);
}

async function probeKmip(server: OkvServer, options: ProbeOptions, checks: Checks): Promise<void> {
  const { pem: credentials, timeoutMs } = options;
  const name = `${formatServer(server)} KMIP`;
  try {
    await using client = await connectKmip({ servers: [server], credentials, timeoutMs, attemptTimeoutMs: timeoutMs });
    checks.add(name, 'ok', `version ${client.version}`);
    const capabilities = await client.capabilities();
    if (capabilities === null) {
      checks.add(name, 'warn', 'the server does not answer Query', 'what it can do is unknown');
      return;
    }
    const operations = new Set<unknown>(capabilities.operations);
    const missing = NEEDED.filter((operation) => !operations.has(operation));
    if (missing.length > 0) checks.add(name, 'fail', `it lacks ${missing.join(', ')}`);
    else checks.add(name, 'ok', `it has ${NEEDED.join(', ')}`);
    const profile = operations.has('AddAttribute') ? 'okv' : 'name';
    checks.add(name, 'ok', `${profile === 'okv' ? 'it has' : 'no'} Add Attribute: mapping profile ${profile}`);
  } catch (error) {
    if (!(error instanceof KeywardError)) throw error;
    const attempts =
      error instanceof TransportError ? error.attempts.map(({ phase, cause }) => `${phase}: ${cause}`) : [];
    checks.add(name, 'fail', attempts.length > 0 ? attempts.join('; ') : error.message, error.hint);
  }
}

function hintOf(code: string | undefined): string | undefined {
  if (code === 'ECONNREFUSED') return 'nothing listens there: is the server up, and is this its port?';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'look at the name of the host';
  if (code === 'ETIMEDOUT') return 'a firewall, or a server that is busy';
  if (code?.startsWith('ERR_SSL_') === true && /ALERT|CERTIFICATE/.test(code))
    return "the server refuses: look at cert.pem's authority, validity and extended key usage";
  return code?.startsWith('ERR_SSL_') === true
    ? 'no TLS version or cipher suite in common, or no TLS at all'
    : undefined;
}
