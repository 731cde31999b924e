/**
 * One TLS connection to one server: opened with its phases told, one request and its answer at a time, closed with a reason.
 * Decides nothing: what a failure means for a request is resend.ts's business. Layer: kmip/client, Node only.
 */
import { isIP } from 'node:net';
import { type ConnectionOptions, checkServerIdentity, connect, type SecureContext, type TLSSocket } from 'node:tls';
import { FormatError, StateError } from '../../errors.ts';
import type { KmipVersion } from '../index.ts';
import type { Deadline } from './deadline.ts';
import { type CloseEvent, publishClose } from './events.ts';
import { FrameReader } from './frame.ts';
import type { Server, Settings } from './options.ts';
import type { Phase } from './tls-errors.ts';

/** How an exchange can end without a usable answer. */
export type FailureKind =
  /** The connection broke, or the server closed it. */
  | 'broken'
  /** The server took longer than it may. */
  | 'silent'
  /** The server answered something that cannot be used. */
  | 'unusable'
  /** The call's own deadline. */
  | 'timeout'
  /** The caller's signal. */
  | 'abort';

/** An exchange that gave no usable answer. Internal: callers see what the client makes of it. */
export class ExchangeFailure extends Error {
  readonly kind: FailureKind;
  readonly phase: Phase;
  /** False when not a byte of the request can have left. */
  readonly sent: boolean;
  override readonly cause: unknown;

  constructor(kind: FailureKind, phase: Phase, sent: boolean, cause: unknown) {
    super(`${kind} while in ${phase}`);
    this.kind = kind;
    this.phase = phase;
    this.sent = sent;
    this.cause = cause;
  }
}

/** What waits for its answer. */
interface Exchange {
  /** Takes the answer, which is lent; throws when it cannot be used. */
  readonly use: (message: Uint8Array) => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (failure: ExchangeFailure) => void;
  readonly stopWatch: () => void;
  /** Wiped when the exchange ends: a callback of its own for when it has left would cost more than the timer. */
  readonly request: Uint8Array;
}

/** A connection whose handshake is over. */
export class Connection {
  readonly server: Server;
  /** Told after the handshake. */
  version: KmipVersion = '1.0';
  /** On the clock of `performance.now`. */
  readonly openedMs: number = performance.now();
  idleSinceMs: number = this.openedMs;
  /** Called once when the connection is no longer usable. */
  onGone: () => void = () => undefined;
  readonly #socket: TLSSocket;
  readonly #frames: FrameReader;
  #exchange: Exchange | undefined;
  #requests = 0;
  #error: Error | undefined;
  #isGone = false;

  /** Internal: the socket's handshake is over, and its events are this object's from now on. */
  constructor(server: Server, socket: TLSSocket, settings: Settings) {
    this.server = server;
    this.#socket = socket;
    this.#frames = new FrameReader(settings.maxMessageBytes);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error: Error) => {
      this.#error ??= error;
    });
    socket.on('end', () => this.#gone('peer'));
    socket.on('close', () => this.#gone('peer'));
  }

  /** False once it was closed, by anybody. */
  get isUsable(): boolean {
    return !this.#isGone;
  }

  /** What TLS agreed on. */
  get tls(): { readonly protocol: string | null; readonly cipher: string | null } {
    return { protocol: this.#socket.getProtocol(), cipher: this.#socket.getCipher()?.standardName ?? null };
  }

  /**
   * Sends a request and hands the answer to `use`, which reads it at once: it is wiped when `use` returns, and the request with
   * it. One at a time.
   *
   * @throws {ExchangeFailure} after which the connection is closed
   */
  exchange<T>(request: Uint8Array, use: (message: Uint8Array) => T, deadline: Deadline, limitMs: number): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#isGone) {
        request.fill(0);
        reject(new ExchangeFailure('broken', 'send', false, this.#endOfConnection('peer')));
        return;
      }
      const stopWatch = deadline.watch((why) => {
        const cause = new Error(why === 'abort' ? 'the call was aborted' : 'no answer came in time');
        this.#fail(why === 'limit' ? 'silent' : why, cause);
      }, limitMs);
      this.#exchange = { use, resolve: resolve as Exchange['resolve'], reject, stopWatch, request };
      this.#requests++;
      this.#socket.write(request);
    });
  }

  /** Closes the connection at once. What it was waiting for fails. Safe to call twice. */
  close(reason: CloseEvent['reason']): void {
    this.#gone(reason);
  }

  /** An idle connection does not keep the process alive. */
  rest(): void {
    this.idleSinceMs = performance.now();
    this.#socket.unref();
  }

  /** A connection in use does. */
  wake(): void {
    this.#socket.ref();
  }

  #receive(chunk: Buffer): void {
    try {
      this.#frames.push(chunk, (message) => this.#answer(message));
    } catch (error) {
      this.#fail('unusable', error);
    } finally {
      chunk.fill(0);
    }
  }

  #answer(message: Uint8Array): void {
    const exchange = this.#exchange;
    if (exchange === undefined)
      throw new FormatError('ERR_KMIP_UNASKED', 'the server sent a message that nobody asked for', { offset: 0 });
    const value = exchange.use(message);
    this.#exchange = undefined;
    exchange.stopWatch();
    exchange.request.fill(0);
    exchange.resolve(value);
  }

  #fail(kind: FailureKind, cause: unknown): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    if (exchange !== undefined) {
      const phase = this.#socket.writableLength > 0 ? 'send' : 'receive';
      exchange.stopWatch();
      exchange.reject(new ExchangeFailure(kind, phase, true, cause));
    }
    this.#gone(kind === 'unusable' ? 'error' : kind === 'broken' ? 'peer' : 'client');
    exchange?.request.fill(0); // the socket is destroyed, and will not send the rest
  }

  #gone(reason: CloseEvent['reason']): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#socket.destroy();
    if (this.#exchange !== undefined) this.#fail('broken', this.#endOfConnection(reason));
    this.#frames.dispose();
    const ageMs = performance.now() - this.openedMs;
    publishClose({ server: this.server.name, reason, requests: this.#requests, ageMs });
    this.onGone();
  }

  #endOfConnection(reason: CloseEvent['reason']): Error {
    if (reason === 'client') return closedError();
    if (this.#error !== undefined) return this.#error;
    const where = this.#frames.isInside ? 'in the middle of a message' : 'without an answer';
    return closedByServer(where);
  }
}

/** What everything ends with once the client was closed. */
export function closedError(): StateError {
  return new StateError('ERR_KMIP_CLOSED', 'this KMIP client was closed');
}

/** With the code that Node gives it where it notices by itself. */
function closedByServer(when: string): Error {
  return Object.assign(new Error(`the server closed the connection ${when}`), { code: 'ECONNRESET' });
}

/** A connection being opened. */
export interface Opening {
  /** How far it has got. */
  readonly phase: Phase;
  /** Settles once; with the socket's own error when the handshake fails. */
  readonly opened: Promise<Connection>;
  /** Gives up: `opened` rejects with `reason`. Without effect once it has settled. */
  abort(reason: Error): void;
}

/** Begins to connect: name, TCP, TLS with the verification that the settings ask for. */
export function openConnection(server: Server, secureContext: SecureContext, settings: Settings): Opening {
  const socket = connect({ host: server.host, port: server.port, secureContext, ...verification(server, settings) });
  socket.setNoDelay(true);
  let phase: Phase = isIP(server.host) === 0 ? 'dns' : 'connect';
  socket.on('lookup', (error: Error | null) => {
    if (error === null) phase = 'connect';
  });
  socket.once('connect', () => {
    phase = 'tls';
  });
  const opened = new Promise<Connection>((resolve, reject) => {
    const onError = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    const onClose = (): void => reject(closedByServer('during the handshake'));
    socket.once('error', onError).once('close', onClose);
    socket.once('secureConnect', () => {
      phase = 'version';
      const connection = new Connection(server, socket, settings);
      socket.off('error', onError).off('close', onClose);
      resolve(connection);
    });
  });
  return {
    get phase() {
      return phase;
    },
    opened,
    abort: (reason) => {
      socket.destroy(reason);
    },
  };
}

function verification(server: Server, { tls }: Settings): ConnectionOptions {
  const name = tls.servername ?? server.host;
  return {
    rejectUnauthorized: tls.verifyServer !== false,
    // Server Name Indication carries names only (RFC 6066, section 3).
    servername: isIP(name) === 0 ? name : '',
    checkServerIdentity: (_, certificate) =>
      tls.verifyHost === false ? undefined : checkServerIdentity(name, certificate),
  };
}
