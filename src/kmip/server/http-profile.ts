/**
 * The HTTPS profile (KMIP Profiles 1.4, 5.7): `POST /kmip` with one request message, as TTLV, XML or JSON, on the port and the
 * certificates of the binary protocol. Other encodings become TTLV first, so that one engine answers all. Layer: kmip/server, Node only.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { decodeUtf8, encodeUtf8 } from '../../bytes.ts';
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
import type { ConnectedClient, ConnectionLimits, ListenerOptions, RequestHandler } from './listener.ts';

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
  const clients = new WeakMap<object, ConnectedClient>();
  const server = createServer(
    { requestTimeout: limits.messageTimeoutMs, headersTimeout: limits.messageTimeoutMs },
    (request, response) => {
      const client = clients.get(request.socket);
      if (client === undefined) response.destroy();
      else
        respond(request, response, (body) => handle(body, client), limits.maxMessageBytes).catch(() =>
          response.destroy(),
        );
    },
  );
  return (socket, client) => {
    clients.set(socket, client);
    server.emit('connection', socket);
  };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  handle: (request: Uint8Array) => Promise<Uint8Array>,
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
  const body = await collect(request, length);
  let ttlv: Uint8Array | undefined;
  let answer: Uint8Array | undefined;
  try {
    ttlv = encoding.toTtlv(body);
    answer = await handle(ttlv);
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

async function collect(request: IncomingMessage, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const body = new Uint8Array(length);
  let at = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    // Node's parser ends the body at its Content-Length.
    body.set(chunk, at);
    at += chunk.length;
    chunk.fill(0);
  }
  return body;
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
