/**
 * The HTTPS profile (KMIP Profiles 1.4, 5.7): `POST /kmip` with one request message, as TTLV, XML or JSON, on the port and the
 * certificates of the binary protocol. Other encodings become TTLV first, so that one engine answers all.
 *
 * Node enforces an HTTP server's timeouts only where that server listens itself; this one is handed its connections. So the clock is
 * kept here: it runs from the first byte, or the answer before, until a request is whole, and again while its answer is being taken.
 * Layer: kmip/server, Node only.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { concatBytes, decodeUtf8, encodeUtf8 } from '../../bytes.ts';
import { FormatError, LimitError } from '../../errors.ts';
import {
  encodeTtlv,
  formatTtlvJson,
  formatTtlvXml,
  parseTtlvJson,
  parseTtlvXml,
  type TtlvNode,
  wipeTree,
} from '../../ttlv/index.ts';
import type { ConnectionLimits, HoldBytes, ListenerOptions, RequestHandler } from './listener.ts';

interface Encoding {
  /** A request's TTLV; the caller's to wipe. */
  toTtlv(body: Uint8Array): Uint8Array;
  fromTtlv(answer: Uint8Array): Uint8Array;
}

const PATH = '/kmip';

/** Takes over connections that begin with an HTTP request. */
export function httpProfile(
  handle: RequestHandler,
  limits: Pick<ConnectionLimits, 'maxMessageBytes' | 'messageTimeoutMs'>,
): NonNullable<ListenerOptions['http']> {
  const connections = new WeakMap<Socket, HttpConnection>();
  const server = createServer((request, response) => {
    const connection = connections.get(request.socket);
    if (connection === undefined) {
      response.destroy();
      return;
    }
    response.once('finish', () => connection.clock.start());
    respond(request, response, connection, limits.maxMessageBytes).catch(() => response.destroy());
  });
  return (socket, client, hold) => {
    const clock = new Clock(limits.messageTimeoutMs, () => socket.destroy());
    connections.set(socket, { clock, hold, handle: (body) => handle(body, client) });
    socket.once('close', () => clock.end());
    clock.start();
    server.emit('connection', socket);
  };
}

interface HttpConnection {
  readonly clock: Clock;
  readonly hold: HoldBytes;
  handle(request: Uint8Array): Promise<Uint8Array>;
}

/** The time that one step of a connection may take. */
class Clock {
  readonly #timeoutMs: number;
  readonly #expired: () => void;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(timeoutMs: number, expired: () => void) {
    this.#timeoutMs = timeoutMs;
    this.#expired = expired;
  }

  start(): void {
    this.stop();
    if (!this.#ended) this.#timer = setTimeout(this.#expired, this.#timeoutMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  end(): void {
    this.#ended = true;
    this.stop();
  }
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  { clock, hold, handle }: HttpConnection,
  maxBytes: number,
): Promise<void> {
  const refuse = (status: number): void => void response.writeHead(status, { connection: 'close' }).end();
  const [type = ''] = (request.headers['content-type'] ?? '').split(';');
  const encoding = ENCODINGS[type.trim().toLowerCase()];
  const length = Number(request.headers['content-length']);
  if (request.url !== PATH) return refuse(404);
  if (request.method !== 'POST') return refuse(405);
  if (encoding === undefined) return refuse(415);
  if (!Number.isInteger(length)) return refuse(411);
  if (length > maxBytes) return refuse(413);
  const body = await collect(request, hold);
  let ttlv: Uint8Array | undefined;
  let answer: Uint8Array | undefined;
  try {
    ttlv = encoding.toTtlv(body);
    clock.stop();
    answer = await handle(ttlv);
    clock.start();
    const sent = encoding.fromTtlv(answer);
    const headers = { 'content-type': type, 'content-length': sent.length, 'cache-control': 'no-store' };
    response.writeHead(200, headers).end(sent, () => sent.fill(0));
  } catch (error) {
    // Not a message at all; what is one, however faulty, the handler answers.
    if (!(error instanceof FormatError || error instanceof LimitError)) throw error;
    refuse(400);
  } finally {
    for (const bytes of [body, ttlv, answer]) bytes?.fill(0);
  }
}

/** Collects a body as it comes: what a client only announces takes no memory. Node's parser ends it at its Content-Length. */
async function collect(request: IncomingMessage, hold: HoldBytes): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let held = 0;
  try {
    for await (const chunk of request as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      held += chunk.length;
      hold(chunk.length);
    }
    return concatBytes(...chunks);
  } finally {
    for (const chunk of chunks) chunk.fill(0);
    hold(-held);
  }
}

/** Texts cannot be wiped; what stands between them and TTLV is. */
function textEncoding(parse: (text: string) => TtlvNode, format: (message: Uint8Array) => string): Encoding {
  return {
    toTtlv: (body) => {
      const tree = parse(decodeUtf8(body));
      try {
        return encodeTtlv(tree);
      } finally {
        wipeTree(tree);
      }
    },
    fromTtlv: (answer) => encodeUtf8(format(answer)),
  };
}

const ENCODINGS: Readonly<Record<string, Encoding>> = {
  'application/octet-stream': { toTtlv: (body) => body.slice(), fromTtlv: (answer) => answer.slice() },
  'text/xml': /* @__PURE__ */ textEncoding(parseTtlvXml, (message) => formatTtlvXml(message, { redact: false })),
  'application/json': /* @__PURE__ */ textEncoding(parseTtlvJson, (message) =>
    formatTtlvJson(message, { redact: false }),
  ),
};
