/**
 * A key management service on loopback that answers as Tencent Cloud KMS does (API 2019-01-18): for tests of applications, which
 * use the vendor's SDK or ours. Signatures, clock, quotas and states of keys count as there; failures can be injected. Keys stand in a
 * wallet. Not a service to keep keys with: whoever reaches the port and knows the credentials, has them. Layer: kms/emulator, Node only.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { concatBytes } from '../../bytes.ts';
import { UsageError } from '../../errors.ts';
import { createWallet, type Wallet } from '../../wallet/index.ts';
import { encodeAnswer, parseParameters, runAction } from './actions.ts';
import { type Cmk, type CmkState, CmkStore, type WalletHolder } from './cmk-store.ts';
import { Refusal } from './refusal.ts';
import { type EmulatorCredentials, verifyRequest } from './verify.ts';

/** Options of an emulator. */
export interface EmulatorOptions {
  /** Who may ask. */
  readonly credentials: readonly EmulatorCredentials[];
  /** Where keys stand, such as a `WalletFile`; not closed with the emulator. Default: a wallet in memory. */
  readonly keys?: WalletHolder;
  /** Default 0: a free one. */
  readonly port?: number;
  /** A loopback address. Default `127.0.0.1`. */
  readonly host?: string;
  /** Milliseconds since 1970. Default: the system's clock. */
  readonly now?: () => number;
  /** By how much a timestamp may differ. Default 300,000. */
  readonly skewMs?: number;
  /** Requests of one action per second. Default 300, the service's own. */
  readonly quotaPerSecond?: number;
}

/** A failure to come. */
export interface Fault {
  /** Which action fails. Default: every one. */
  readonly action?: string;
  /** How often. Default 1. */
  readonly times?: number;
  /** A code of the service; or … */
  readonly code?: string;
  /** … another HTTP status than 200, … */
  readonly status?: number;
  /** … a body of any bytes, or … */
  readonly body?: string;
  /** … no answer: the connection is cut, or kept open in silence. */
  readonly silence?: 'cut' | 'hang';
}

/** One request, for tests: nothing secret. */
export interface EmulatorRecord {
  readonly action: string;
  /** The code it was refused with; null where it succeeded. */
  readonly code: string | null;
  readonly requestId: string;
}

const MAX_BODY_BYTES = 1_048_576;
const MAX_RECORDS = 10_000;

/**
 * Starts an emulator.
 *
 * @example
 * await using kms = await startKmsEmulator({ credentials: [{ secretId, secretKey }] });
 * const keyId = await kms.createKey();
 * // `kms.address` stands behind the # of a kms:// URL
 */
export async function startKmsEmulator(options: EmulatorOptions): Promise<KmsEmulator> {
  const { host = '127.0.0.1', port = 0 } = options;
  if (!/^(?:127(?:\.\d+){3}|::1|localhost)$/.test(host))
    throw new UsageError('ERR_OPTION', 'the emulator listens on loopback only');
  const own = options.keys === undefined ? await createWallet(randomUUID()) : null;
  const holder = options.keys ?? memoryHolder(own as Wallet);
  const server = createServer();
  server.listen(port, host);
  await once(server, 'listening');
  return new KmsEmulator(server, options, holder, own);
}

/** A running emulator. */
export class KmsEmulator implements AsyncDisposable {
  /** `http://127.0.0.1:<port>/` */
  readonly address: string;
  /** The latest requests, oldest first. */
  readonly records: EmulatorRecord[] = [];
  readonly #server: Server;
  readonly #options: EmulatorOptions;
  readonly #keys: CmkStore;
  readonly #own: Wallet | null;
  readonly #faults: { left: number; readonly fault: Fault }[] = [];
  /** Requests of the second that runs, by action. */
  #second = { at: 0, counts: new Map<string, number>() };

  /** @internal Use `startKmsEmulator`. */
  constructor(server: Server, options: EmulatorOptions, holder: WalletHolder, own: Wallet | null) {
    const { address, port, family } = server.address() as AddressInfo;
    this.address = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}/`;
    this.#server = server;
    this.#options = options;
    this.#keys = new CmkStore(holder);
    this.#own = own;
    server.on('request', (request, response) => void this.#serve(request, response));
  }

  /** All keys, oldest first. */
  get keys(): readonly Cmk[] {
    return this.#keys.keys;
  }

  /**
   * Makes a key.
   *
   * @param options the key's `alias`, default none, and its `keyId`, a UUID, default random
   * @returns its identifier
   */
  createKey(options: { readonly alias?: string; readonly keyId?: string } = {}): Promise<string> {
    return this.#keys.create(options.alias, options.keyId);
  }

  /** Makes the next version of a key, as the service's rotation does. */
  rotateKey(keyId: string): Promise<void> {
    return this.#keys.rotate(keyId);
  }

  /** Puts a key into a state. */
  setKeyState(keyId: string, state: CmkState): Promise<void> {
    return this.#keys.setState(keyId, state);
  }

  /** Lets requests to come fail. */
  inject(fault: Fault): void {
    this.#faults.push({ left: fault.times ?? 1, fault });
  }

  /** Stops listening, cuts connections, wipes a wallet of its own. Safe to call twice. */
  async close(): Promise<void> {
    if (this.#server.listening) {
      const closed = once(this.#server, 'close');
      this.#server.close();
      this.#server.closeAllConnections();
      await closed;
    }
    this.#own?.dispose();
  }

  /** Closes it, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = randomUUID();
    const action = String(request.headers['x-tc-action'] ?? '');
    const fault = this.#takeFault(action);
    try {
      const body = await readBody(request);
      if (fault?.silence === 'hang') return;
      if (fault?.silence === 'cut') return void request.socket.destroy();
      if (fault?.body !== undefined || fault?.status !== undefined) {
        this.#record(action, `HTTP ${fault.status ?? 200}`, requestId);
        return void response.writeHead(fault.status ?? 200).end(fault.body ?? '');
      }
      const answer = this.#answer(request, body, requestId, fault);
      response.writeHead(200, { 'Content-Type': 'application/json' });
      // Once it is sent, nobody needs a plaintext any more.
      response.end(answer, () => answer.fill(0));
      body.fill(0);
    } catch {
      request.socket.destroy();
    }
  }

  #answer(request: IncomingMessage, body: Uint8Array, requestId: string, fault: Fault | null): Uint8Array<ArrayBuffer> {
    const { now = Date.now, skewMs = 300_000, credentials } = this.#options;
    const named = String(request.headers['x-tc-action'] ?? '');
    try {
      const headers = request.headers as Readonly<Record<string, string | undefined>>;
      const received = { method: request.method ?? '', target: request.url ?? '', headers, body };
      const action = verifyRequest(received, credentials, now(), skewMs);
      if (fault?.code !== undefined) throw new Refusal(fault.code, 'injected');
      this.#countIn(action, now());
      const fields = runAction(action, parseParameters(body), this.#keys);
      this.#record(named, null, requestId);
      return encodeAnswer(fields, requestId);
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal('InternalError', 'the emulator failed');
      this.#record(named, refusal.code, requestId);
      return encodeAnswer({ Error: { Code: refusal.code, Message: refusal.message } }, requestId);
    }
  }

  #countIn(action: string, now: number): void {
    const at = Math.floor(now / 1000);
    if (at !== this.#second.at) this.#second = { at, counts: new Map() };
    const count = (this.#second.counts.get(action) ?? 0) + 1;
    this.#second.counts.set(action, count);
    if (count > (this.#options.quotaPerSecond ?? 300))
      throw new Refusal('RequestLimitExceeded', 'too many requests in this second');
  }

  #takeFault(action: string): Fault | null {
    const at = this.#faults.findIndex(({ fault }) => fault.action === undefined || fault.action === action);
    const found = this.#faults[at];
    if (found === undefined) return null;
    if (--found.left <= 0) this.#faults.splice(at, 1);
    return found.fault;
  }

  #record(action: string, code: string | null, requestId: string): void {
    this.records.push({ action, code, requestId });
    if (this.records.length > MAX_RECORDS) this.records.shift();
  }
}

async function readBody(request: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) throw new Refusal('InvalidParameter', 'the body is too long');
    chunks.push(chunk);
  }
  const body = concatBytes(...chunks);
  for (const chunk of chunks) chunk.fill(0);
  return body;
}

function memoryHolder(wallet: Wallet): WalletHolder {
  return { wallet, change: async (edit) => edit(wallet) };
}
