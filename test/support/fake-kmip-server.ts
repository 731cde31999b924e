/**
 * A KMIP server on loopback that does what a test tells it to, well-behaved or not: answers from functions, raw bytes, silence,
 * half messages. Speaks TLS with certificates of test/support/certificates.ts. Node only.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import {
  decodeRequest,
  encodeResponse,
  type RequestItem,
  type RequestMessage,
  type ResponseItem,
} from '../../src/kmip/index.ts';
import type { CertificateFiles, TestAuthority } from './certificates.ts';

/** One request as a script sees it, and what it may do about it. */
export interface FakeExchange {
  readonly request: RequestMessage;
  /** The request's only, or first, operation. */
  readonly operation: string | number;
  /** Which request of this server it is, from 1; Discover Versions is not counted. */
  readonly number: number;
  /** Which connection of this server it came on, from 1. */
  readonly connection: number;
  readonly socket: TLSSocket;
  /** Sends bytes as they are. */
  send(bytes: Uint8Array): void;
  /** Encodes an answer with these items in the request's version and sends it. */
  answer(items: readonly ResponseItem[]): void;
  /** The bytes that `answer` would send. */
  encode(items: readonly ResponseItem[], version?: RequestMessage['protocolVersion']): Uint8Array<ArrayBuffer>;
}

/** What a server does with a request. */
export type FakeScript = (exchange: FakeExchange) => void;

/** How a fake server is made. */
export interface FakeServerOptions {
  readonly authority: TestAuthority;
  readonly certificate: CertificateFiles;
  /** Default: answers every operation with `answerItem`. */
  readonly script?: FakeScript;
  /** Answer Discover Versions from this list, without the script. Default 1.4 to 1.0; null leaves it to the script. */
  readonly versions?: readonly string[] | null;
  /** Default 0: a free one. */
  readonly port?: number;
}

/** A fake server that runs. */
export interface FakeKmipServer extends AsyncDisposable {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** Whole messages that arrived, Discover Versions included. */
  readonly received: readonly RequestMessage[];
  readonly connections: number;
  /** Connections that are open now. */
  readonly open: number;
  /** What it does from now on. */
  script: FakeScript;
  /** Breaks all its connections. */
  drop(): void;
}

/** Starts a fake server. */
export async function startFakeKmipServer(options: FakeServerOptions): Promise<FakeKmipServer> {
  const { authority, certificate, versions = ['1.4', '1.3', '1.2', '1.1', '1.0'] } = options;
  const received: RequestMessage[] = [];
  const sockets = new Set<TLSSocket>();
  let connections = 0;
  let number = 0;
  const server = createServer({
    ca: readFileSync(authority.ca),
    cert: readFileSync(certificate.cert),
    key: readFileSync(certificate.key),
    requestCert: true,
    rejectUnauthorized: true,
  });
  server.on('tlsClientError', () => undefined);
  server.on('secureConnection', (socket) => {
    const connection = ++connections;
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    onMessages(socket, (bytes) => {
      const request = decodeRequest(bytes);
      received.push(request);
      const { operation } = request.batchItem[0] as RequestItem;
      const exchange = new Exchange(request, operation, connection, socket);
      if (operation === 'DiscoverVersions' && versions !== null) {
        exchange.answer([
          { operation, resultStatus: 'Success', responsePayload: { protocolVersion: versions } } as ResponseItem,
        ]);
        return;
      }
      exchange.number = ++number;
      fake.script(exchange);
    });
  });
  const port = await listen(server, options.port ?? 0);
  const fake: FakeKmipServer = {
    host: '127.0.0.1',
    port,
    received,
    get connections() {
      return connections;
    },
    get open() {
      return sockets.size;
    },
    script: options.script ?? ((exchange) => exchange.answer(exchange.request.batchItem.map(answerItem))),
    drop() {
      for (const socket of sockets) socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      if (!server.listening) return;
      fake.drop();
      server.close();
      await once(server, 'close');
    },
  };
  return fake;
}

/** A plausible success of any operation: about the object asked for, or `fake-1`; a Get gives 32 bytes 0x5a. */
export function answerItem(item: RequestItem): ResponseItem {
  const asked = item.requestPayload as { readonly uniqueIdentifier?: string };
  const uniqueIdentifier = asked.uniqueIdentifier ?? 'fake-1';
  const id = item.uniqueBatchItemID === undefined ? {} : { uniqueBatchItemID: item.uniqueBatchItemID };
  const success = { operation: item.operation, ...id, resultStatus: 'Success' } as const;
  const payload = PAYLOADS[String(item.operation)]?.(uniqueIdentifier) ?? { uniqueIdentifier };
  return { ...success, responsePayload: payload } as ResponseItem;
}

/** A refusal. */
export function refuseItem(item: RequestItem, resultReason: string, resultMessage: string): ResponseItem {
  const id = item.uniqueBatchItemID === undefined ? {} : { uniqueBatchItemID: item.uniqueBatchItemID };
  const failed = { operation: item.operation, ...id, resultStatus: 'OperationFailed' } as const;
  return { ...failed, resultReason, resultMessage } as ResponseItem;
}

/** A port that swallows everything. */
export interface BlackHole extends AsyncDisposable {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** Connections so far. */
  readonly connections: number;
  /** Bytes so far: with TLS, the client has connected once there are some. */
  readonly bytes: number;
}

/** A port on which connections are accepted and nothing is ever said: where packets go and do not come back. */
export async function startBlackHole(): Promise<BlackHole> {
  const sockets = new Set<{ destroy(): unknown }>();
  let bytes = 0;
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      bytes += chunk.length;
    });
  });
  const port = await listen(server, 0);
  return {
    host: '127.0.0.1',
    port,
    get connections() {
      return sockets.size;
    },
    get bytes() {
      return bytes;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

const PAYLOADS: Readonly<Record<string, (uniqueIdentifier: string) => object>> = {
  Create: (uniqueIdentifier) => ({ objectType: 'SymmetricKey', uniqueIdentifier }),
  Locate: (uniqueIdentifier) => ({ uniqueIdentifier: [uniqueIdentifier] }),
  GetAttributes: (uniqueIdentifier) => ({ uniqueIdentifier, attribute: [] }),
  GetAttributeList: (uniqueIdentifier) => ({ uniqueIdentifier, attributeName: ['Unique Identifier'] }),
  Query: () => ({ operation: ['Create', 'Get', 'Locate', 'Query'], objectType: ['SymmetricKey'] }),
  Get: (uniqueIdentifier) => ({
    objectType: 'SymmetricKey',
    uniqueIdentifier,
    symmetricKey: {
      keyBlock: {
        keyFormatType: 'Raw',
        keyValue: { keyMaterial: new Uint8Array(32).fill(0x5a) },
        cryptographicAlgorithm: 'AES',
        cryptographicLength: 256,
      },
    },
  }),
};

class Exchange implements FakeExchange {
  readonly request: RequestMessage;
  readonly operation: string | number;
  readonly connection: number;
  readonly socket: TLSSocket;
  number = 0;

  constructor(request: RequestMessage, operation: string | number, connection: number, socket: TLSSocket) {
    this.request = request;
    this.operation = operation;
    this.connection = connection;
    this.socket = socket;
  }

  send(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  answer(items: readonly ResponseItem[]): void {
    this.send(this.encode(items));
  }

  encode(
    batchItem: readonly ResponseItem[],
    version: RequestMessage['protocolVersion'] = this.request.protocolVersion,
  ): Uint8Array<ArrayBuffer> {
    return encodeResponse({ protocolVersion: version, timeStamp: 1_700_000_000n, batchItem });
  }
}

/** Cuts a stream of requests into messages. */
function onMessages(socket: TLSSocket, onMessage: (bytes: Uint8Array) => void): void {
  let waiting = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    waiting = Buffer.concat([waiting, chunk]);
    for (;;) {
      const length = waiting.length < 8 ? Number.POSITIVE_INFINITY : 8 + waiting.readUInt32BE(4);
      if (waiting.length < length) return;
      const message = waiting.subarray(0, length);
      waiting = waiting.subarray(length);
      onMessage(message);
    }
  });
}

async function listen(server: TcpServer, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as { readonly port: number }).port;
}
