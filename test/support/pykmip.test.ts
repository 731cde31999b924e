import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ItemType, Operation, Tag, writeTtlv } from '../../src/ttlv/index.ts';
import { openssl } from './certificates.ts';
import { hasPeer } from './peers.ts';
import { freePort, type PykmipServer, startPykmip } from './pykmip.ts';

/** A Discover Versions request, and the first header of the answer. */
async function discover(server: PykmipServer): Promise<Buffer> {
  const { cert, key } = server.client();
  const read = (path: string): Buffer => readFileSync(path);
  const socket = connect({
    host: server.host,
    port: server.port,
    ca: read(server.authority.ca),
    cert: read(cert),
    key: read(key),
  });
  await once(socket, 'secureConnect');
  socket.write(
    writeTtlv((w) => {
      w.open(Tag.RequestMessage);
      w.open(Tag.RequestHeader);
      w.open(Tag.ProtocolVersion);
      w.integer(Tag.ProtocolVersionMajor, 1);
      w.integer(Tag.ProtocolVersionMinor, 1);
      w.close();
      w.integer(Tag.BatchCount, 1);
      w.close();
      w.open(Tag.BatchItem);
      w.enumeration(Tag.Operation, Operation.DiscoverVersions);
      w.open(Tag.RequestPayload);
      w.close();
      w.close();
      w.close();
    }),
  );
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return answer;
}

describe.skipIf(!hasPeer('pykmip') || !hasPeer('openssl'))('the PyKMIP fixture', () => {
  let server: PykmipServer;
  beforeAll(async () => {
    server = await startPykmip();
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  it('answers, stops, and answers again on the same port', async () => {
    const first = await discover(server);
    expect(first.readUIntBE(0, 3)).toBe(Tag.ResponseMessage);
    expect(first[3]).toBe(ItemType.Structure);
    await server.stop();
    await expect(discover(server)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await server.start();
    expect((await discover(server)).length).toBeGreaterThan(100);
    expect(server.log()).toContain('Discover');
  });

  it('makes client folders with a key in each form', () => {
    const standby = ['127.0.0.1:1', '[::1]:2'];
    const des3 = server.clientFolder('des3', { keyForm: 'des3', standby });
    expect(readFileSync(join(des3, 'okvclient.ora'), 'utf8')).toBe(
      `SERVER=127.0.0.1:${server.port}\nSTANDBY_SERVER=127.0.0.1:1,[::1]:2\n`,
    );
    expect(readFileSync(join(des3, 'ssl/key.pem'), 'utf8')).toContain(
      'Proc-Type: 4,ENCRYPTED\nDEK-Info: DES-EDE3-CBC,',
    );
    const pkcs8 = server.clientFolder('pkcs8', { keyForm: 'pkcs8', client: 'somebody' });
    expect(readFileSync(join(pkcs8, 'ssl/key.pem'), 'utf8')).toContain('BEGIN ENCRYPTED PRIVATE KEY');
    expect(statSync(join(pkcs8, 'ssl/password.txt')).mode & 0o777).toBe(0o600);
    const subject = openssl([
      'x509',
      '-in',
      join(pkcs8, 'ssl/cert.pem'),
      '-noout',
      '-subject',
      '-ext',
      'extendedKeyUsage',
    ]);
    expect(subject.toString()).toMatch(/CN\s*=\s*somebody[\s\S]*TLS Web Client Authentication/);
  });

  it('finds ports that nobody listens on', async () => {
    expect(await freePort()).toBeGreaterThan(1023);
  });
});
