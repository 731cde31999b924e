/**
 * KMIP over TLS: connections with client certificates, messages cut out of their bytes, answers in the order of the requests.
 *
 *   a message = 42 00 78 01 | length u32 | that many bytes; anything else at its start: closed at once
 *
 * What a connection may cost is bounded: the size it announces, the time one message may take from its first byte to its last, the
 * bytes buffered over all connections, the time a reader may leave an answer lying. A connection without an unfinished message costs
 * nothing but memory and may stay idle. Requests of one connection are handled one after the other; further ones wait unread.
 * Layer: kmip/server, Node only.
 */
import type { AddressInfo, Socket } from 'node:net';
import type { DetailedPeerCertificate } from 'node:tls';
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';

/** Answers one request. Neither array may be kept: both are wiped when the answer is on its way. */
export type RequestHandler = (request: Uint8Array, client: ConnectedClient) => Promise<Uint8Array>;

/** Who is at the other end. */
export interface ConnectedClient {
  /** Common name of the client's certificate, not empty. */
  readonly owner: string;
  /** `address:port` of the peer, for logs. */
  readonly peer: string;
}

/** Counts bytes that a connection holds, or with a negative number no longer holds. Whoever holds most may be closed for it. */
export type HoldBytes = (bytes: number) => void;

/** What a connection may cost. */
export interface ConnectionLimits {
  /** Largest message. Default 1 MiB. */
  readonly maxMessageBytes: number;
  /** From a message's first byte to its last, and for a peer to take an answer. Default 10,000. */
  readonly messageTimeoutMs: number;
  /** For the TLS handshake. Default 10,000. */
  readonly handshakeTimeoutMs: number;
  /** Unfinished messages over all connections; beyond it whoever holds most is closed. Default 64 MiB. */
  readonly maxBufferedBytes: number;
  /** Default 10,000. */
  readonly maxConnections: number;
  /** Of one owner, so that none can take them all. Default 5,000. */
  readonly maxConnectionsPerOwner: number;
}

/** Limits where nothing else is said. */
export const DEFAULT_LIMITS: ConnectionLimits = {
  maxMessageBytes: 1 << 20,
  messageTimeoutMs: 10_000,
  handshakeTimeoutMs: 10_000,
  maxBufferedBytes: 64 << 20,
  maxConnections: 10_000,
  maxConnectionsPerOwner: 5000,
};

/** Options of a listener. */
export interface ListenerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** PEM: the server's certificate, its key, and the authority that clients' certificates must come from. */
  readonly tls: Pick<TlsOptions, 'cert' | 'key' | 'ca'>;
  readonly handler: RequestHandler;
  readonly limits?: Partial<ConnectionLimits>;
  /** Takes over a connection that begins with an HTTP request; without it such a connection is closed. */
  readonly http?: (socket: TLSSocket, client: ConnectedClient, hold: HoldBytes) => void;
  /** Changes how answers leave: faults on purpose. */
  readonly send?: (answer: Uint8Array, socket: TLSSocket) => Promise<void>;
}

/** A listener at work. */
export interface Listener {
  readonly host: string;
  readonly port: number;
  /** Number of connections that have shown their certificate. */
  readonly connections: number;
  /** Listens no more, lets requests under way be answered, and closes; what is not done after `graceMs` is cut. */
  close(graceMs?: number): Promise<void>;
}

const HEADER_BYTES = 8;
/** Request Message, Structure. */
const REQUEST_START = [0x42, 0x00, 0x78, 0x01] as const;
/** `P` of POST: the HTTPS profile. */
const HTTP_START = 0x50;
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const GRACE_MS = 2000;

/** Starts to listen. @throws {Error} Node's own, with `code`, when the address cannot be had */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const shared: Shared = {
    options,
    limits,
    connections: new Set(),
    sockets: new Set(),
    owners: new Map(),
    bufferedBytes: 0,
  };
  const server = createServer({
    ...options.tls,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    handshakeTimeout: limits.handshakeTimeoutMs,
    // Who sends a request and says no more is answered.
    allowHalfOpen: true,
  });
  server.maxConnections = limits.maxConnections;
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  server.on('connection', (socket: Socket) => {
    shared.sockets.add(socket);
    socket.once('close', () => shared.sockets.delete(socket));
  });
  server.on('secureConnection', (socket) => accept(socket, shared));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  return {
    host: options.host,
    port,
    get connections() {
      return shared.connections.size;
    },
    close: (graceMs = GRACE_MS) => closeAll(server, shared, graceMs),
  };
}

interface Shared {
  readonly options: ListenerOptions;
  readonly limits: ConnectionLimits;
  readonly connections: Set<Connection>;
  /** All of them, those still in their handshake too. */
  readonly sockets: Set<Socket>;
  /** Number of connections by owner. */
  readonly owners: Map<string, number>;
  bufferedBytes: number;
}

/** The owner that a verified certificate stands for; null when it is none of a client, or has no one name. */
export function ownerOf(certificate: Pick<DetailedPeerCertificate, 'subject' | 'ext_key_usage'>): string | null {
  const name: unknown = certificate.subject?.CN;
  if (typeof name !== 'string' || name === '') return null;
  return certificate.ext_key_usage?.includes(CLIENT_AUTH) === true ? name : null;
}

function accept(socket: TLSSocket, shared: Shared): void {
  socket.on('error', () => socket.destroy());
  const owner = socket.authorized ? ownerOf(socket.getPeerCertificate(true)) : null;
  const ofOwner = owner === null ? 0 : (shared.owners.get(owner) ?? 0);
  if (owner === null || ofOwner >= shared.limits.maxConnectionsPerOwner) {
    socket.destroy();
    return;
  }
  shared.owners.set(owner, ofOwner + 1);
  socket.setNoDelay(true);
  const client = { owner, peer: `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}` };
  const connection = new Connection(socket, client, shared);
  shared.connections.add(connection);
  socket.once('close', () => {
    shared.connections.delete(connection);
    leave(owner, shared);
    connection.end();
  });
}

function leave(owner: string, shared: Shared): void {
  const left = (shared.owners.get(owner) ?? 1) - 1;
  if (left > 0) shared.owners.set(owner, left);
  else shared.owners.delete(owner);
}

async function closeAll(server: Server, shared: Shared, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const cut = setTimeout(() => {
    for (const socket of shared.sockets) socket.destroy();
  }, graceMs);
  for (const connection of shared.connections) connection.finish();
  // Whoever is still in the handshake has asked nothing yet.
  const known = new Set([...shared.connections].map(({ remote }) => remote));
  for (const socket of shared.sockets) if (!known.has(endOf(socket))) socket.destroy();
  await closed;
  clearTimeout(cut);
  // The last of them have left, but may not have said so yet.
  for (const connection of shared.connections) connection.end();
  shared.connections.clear();
}

/** Over the limit of all connections together, those pay that hold most: not whoever happens to receive next. */
function relieve(shared: Shared): void {
  while (shared.bufferedBytes > shared.limits.maxBufferedBytes) {
    let largest: Connection | undefined;
    for (const connection of shared.connections)
      if (connection.bufferedBytes > (largest?.bufferedBytes ?? 0)) largest = connection;
    if (largest === undefined) return;
    largest.cut();
  }
}

function endOf(socket: Socket): string {
  return `${socket.remoteAddress}:${socket.remotePort}`;
}

/** One connection: collects bytes, cuts messages, answers one at a time. */
class Connection {
  readonly remote: string;
  readonly #socket: TLSSocket;
  readonly #client: ConnectedClient;
  readonly #shared: Shared;
  #chunks: Uint8Array[] = [];
  #bufferedBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #busy = false;
  #finishing = false;
  #ended = false;

  constructor(socket: TLSSocket, client: ConnectedClient, shared: Shared) {
    this.#socket = socket;
    this.#client = client;
    this.#shared = shared;
    this.remote = endOf(socket);
    socket.on('data', this.#take);
    socket.on('end', this.#peerEnded);
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Closes at once. */
  cut(): void {
    this.#socket.destroy();
    this.end();
  }

  /** Closes as soon as the request under way is answered. */
  finish(): void {
    this.#finishing = true;
    if (!this.#busy) this.#socket.end();
  }

  /** Forgets what was collected. */
  end(): void {
    this.#ended = true;
    this.#disarm();
    for (const chunk of this.#chunks.splice(0)) chunk.fill(0);
    this.#shared.bufferedBytes -= this.#bufferedBytes;
    this.#bufferedBytes = 0;
  }

  readonly #peerEnded = (): void => this.finish();

  readonly #take = (chunk: Uint8Array): void => {
    if (this.#ended) return;
    this.#chunks.push(chunk);
    this.#hold(chunk.length);
    if (this.#ended) return;
    // One message ahead is enough; the rest waits in the peer's window.
    if (this.#busy) this.#socket.pause();
    else this.#next();
  };

  /** Looks at what has been collected: nothing, a part of a message, or one that can be answered. */
  #next(): void {
    if (this.#bufferedBytes === 0) {
      this.#disarm();
      if (this.#finishing) this.#socket.end();
      return;
    }
    const { limits } = this.#shared;
    const start = this.#peek(HEADER_BYTES);
    if (start[0] === HTTP_START && this.#shared.options.http !== undefined) {
      this.#leaveToHttp(this.#shared.options.http);
      return;
    }
    const fits = REQUEST_START.every((byte, i) => start[i] === undefined || start[i] === byte);
    const bodyBytes = start.length < HEADER_BYTES ? 0 : new DataView(start.buffer, start.byteOffset).getUint32(4);
    const messageBytes = HEADER_BYTES + bodyBytes;
    if (!fits || messageBytes > limits.maxMessageBytes) {
      this.#socket.destroy();
      return;
    }
    if (start.length < HEADER_BYTES || this.#bufferedBytes < messageBytes) {
      this.#arm();
      return;
    }
    this.#disarm();
    void this.#answer(this.#cut(messageBytes));
  }

  async #answer(request: Uint8Array<ArrayBuffer>): Promise<void> {
    this.#busy = true;
    let answer: Uint8Array | undefined;
    try {
      answer = await this.#shared.options.handler(request, this.#client);
      request.fill(0);
      if (this.#ended) return;
      this.#arm();
      await (this.#shared.options.send ?? sendAll)(answer, this.#socket);
      this.#disarm();
    } catch {
      // The handler answers every fault itself; one that it did not foresee costs the connection and nothing else.
      this.#socket.destroy();
    } finally {
      request.fill(0);
      answer?.fill(0);
      this.#busy = false;
    }
    if (this.#ended) return;
    if (this.#finishing) this.#socket.end();
    else {
      this.#socket.resume();
      this.#next();
    }
  }

  #leaveToHttp(take: NonNullable<ListenerOptions['http']>): void {
    this.#disarm();
    this.#socket.off('data', this.#take);
    this.#socket.off('end', this.#peerEnded);
    const collected = this.#cut(this.#bufferedBytes);
    take(this.#socket, this.#client, this.#hold);
    this.#socket.unshift(collected);
  }

  readonly #hold: HoldBytes = (bytes) => {
    if (this.#ended) return;
    this.#bufferedBytes += bytes;
    this.#shared.bufferedBytes += bytes;
    relieve(this.#shared);
  };

  /** The first bytes collected, at most `count`: a view or a copy. Some were collected. */
  #peek(count: number): Uint8Array {
    const first = this.#chunks[0] as Uint8Array;
    if (first.length >= count) return first.subarray(0, count);
    const joined = new Uint8Array(Math.min(count, this.#bufferedBytes));
    let at = 0;
    for (const chunk of this.#chunks) {
      const part = chunk.subarray(0, joined.length - at);
      joined.set(part, at);
      at += part.length;
      if (at === joined.length) break;
    }
    return joined;
  }

  /** Takes the first `count` bytes out, wiping where they came from. */
  #cut(count: number): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(count);
    let at = 0;
    while (at < count) {
      const chunk = this.#chunks[0] as Uint8Array;
      const part = chunk.subarray(0, count - at);
      out.set(part, at);
      at += part.length;
      if (part.length === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(part.length);
      part.fill(0);
    }
    this.#bufferedBytes -= count;
    this.#shared.bufferedBytes -= count;
    return out;
  }

  /** Starts the clock of a message or an answer; one that runs goes on. */
  #arm(): void {
    this.#timer ??= setTimeout(() => this.#socket.destroy(), this.#shared.limits.messageTimeoutMs);
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** Writes an answer; resolves when the socket has taken it, so that it may be wiped. */
export function sendAll(answer: Uint8Array, socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(answer, (error) => (error === undefined || error === null ? resolve() : reject(error)));
  });
}
