/** Certificates of a test authority and clients that speak to a listener: raw bytes over TLS, answers cut into messages. */
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { createAuthority, type Identity, issueCertificate } from '../../../src/kmip/server/certificates.ts';

const DAYS = 30;

/** PEM, as node:tls wants it. */
export interface PemIdentity {
  readonly cert: string;
  readonly key: string;
}

/** An authority with a server certificate for loopback. */
export class TlsWorld {
  readonly #authority: Identity = createAuthority('test', new Date(), DAYS);
  readonly server: PemIdentity = this.issue('localhost', 'server');

  get ca(): string {
    return this.#authority.certificate;
  }

  issue(commonName: string, usage: 'server' | 'client'): PemIdentity {
    const names = usage === 'server' ? ['localhost', '127.0.0.1'] : [];
    const issued = issueCertificate(this.#authority, { commonName, usage, names, notBefore: new Date(), days: DAYS });
    return { cert: issued.certificate, key: String(issued.privateKey.export({ type: 'pkcs8', format: 'pem' })) };
  }
}

/** Where and as whom to connect. */
export interface Dial {
  readonly port: number;
  readonly ca: string;
  readonly identity?: PemIdentity;
}

/** Connects; resolves once the handshake is over on this side. */
export async function dial({ port, ca, identity }: Dial): Promise<TestClient> {
  const socket = connect({ host: '127.0.0.1', port, ca, servername: 'localhost', ...identity });
  const client = new TestClient(socket);
  await Promise.race([once(socket, 'secureConnect'), client.closed]);
  return client;
}

/** One raw connection. */
export class TestClient {
  readonly socket: TLSSocket;
  /** Resolves when the connection is gone, whoever ended it and however. */
  readonly closed: Promise<void>;
  #collected: Buffer = Buffer.alloc(0);
  #wake: () => void = () => undefined;
  #over = false;

  constructor(socket: TLSSocket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#collected = Buffer.concat([this.#collected, chunk]);
      this.#wake();
    });
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      const over = (): void => {
        this.#over = true;
        this.#wake();
        resolve();
      };
      socket.once('close', over);
      socket.once('end', over);
    });
  }

  send(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /** The next whole message; null when the connection ended before. */
  async receive(): Promise<Buffer | null> {
    for (;;) {
      const length = this.#collected.length < 8 ? Number.POSITIVE_INFINITY : 8 + this.#collected.readUInt32BE(4);
      if (this.#collected.length >= length) {
        const message = this.#collected.subarray(0, length);
        this.#collected = this.#collected.subarray(length);
        return message;
      }
      if (this.#over) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async request(bytes: Uint8Array): Promise<Buffer | null> {
    this.send(bytes);
    return await this.receive();
  }

  close(): void {
    this.socket.destroy();
  }
}

/** Something framed as a Request Message: the handler of these tests does not look inside. */
export function frame(body: string | Uint8Array, announced?: number): Buffer {
  const bytes = Buffer.from(body);
  const head = Buffer.from([0x42, 0x00, 0x78, 0x01, 0, 0, 0, 0]);
  head.writeUInt32BE(announced ?? bytes.length, 4);
  return Buffer.concat([head, bytes]);
}
