import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasPeer, makeTempFolder } from '../support/peers.ts';
import { type PykmipServer, startPykmip } from '../support/pykmip.ts';
import { commandIn } from './run.ts';

const folder = makeTempFolder();
const keyward = commandIn(folder.path);
afterAll(() => folder[Symbol.dispose]());

describe.skipIf(!hasPeer('pykmip') || !hasPeer('openssl'))('keyward kmip', () => {
  let server: PykmipServer;
  let target: readonly string[];
  const kmip = (...args: readonly string[]) => keyward(['kmip', ...args, ...target]);
  const json = async (...args: readonly string[]): Promise<unknown> => JSON.parse((await kmip(...args, '--json')).out);

  beforeAll(async () => {
    server = await startPykmip();
    const { cert, key } = server.client();
    target = ['--server', `127.0.0.1:${server.port}`, '--ca', server.authority.ca, '--cert', cert, '--key', key];
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('says whom it talks to and what they can do', async () => {
    const ping = await kmip('ping');
    expect(ping).toMatchObject({ status: 0, err: '' });
    expect(ping.out).toMatch(/^127\.0\.0\.1:\d+: KMIP 1\.4, connected in [\d.]+ ms, answers in [\d.]+ ms\n$/);
    expect(await json('query', '--kmip-version', '1.1')).toMatchObject({
      version: '1.1',
      vendor: 'PyKMIP 0.10.0 Software Server',
      operations: expect.arrayContaining(['Create', 'Locate', 'Destroy']),
    });
  });

  it('takes a key through its life', async () => {
    expect((await kmip('locate')).out).toBe('no objects found\n');
    const made = (await json('create', '--name', 'an example', '--activate')) as { readonly id: string };
    const { id } = made;
    expect((await kmip('locate', '--long', '--type', 'SymmetricKey')).out).toBe(
      `Unique ID  Type           Identifier\n${id.padEnd(9)}  Symmetric Key  an example\n`,
    );
    expect(await json('locate', '--name', 'another')).toEqual([]);
    const listed = (await kmip('attributes', id)).out;
    for (const line of [
      /^Name +0 +an example$/m,
      /^State +0 +Active$/m,
      /^Cryptographic Usage Mask +0 +Encrypt Decrypt$/m,
    ])
      expect(listed).toMatch(line);
    expect((await kmip('get', id, '--format', 'hex')).out).toMatch(/^[\da-f]{64}\n$/);
    // The server's own words for what it does not do.
    expect(await kmip('destroy', id)).toMatchObject({
      status: 7,
      err: expect.stringContaining('Object is active and cannot be destroyed.'),
    });
    expect((await kmip('revoke', id, '--message', 'no longer used')).out).toBe(`deactivated: ${id}\n`);
    expect((await kmip('destroy', id)).out).toBe(`destroyed: ${id}\n`);
    expect(await kmip('get', id)).toMatchObject({ status: 7, out: '' });
  });

  it.each([
    [['locate', '--type', 'Nonsense'], 'KMIP knows no Object Type "Nonsense"'],
    [['create', '--algorithm', 'ROT13'], 'KMIP knows no Cryptographic Algorithm "ROT13"'],
    [['ping', '--okv', 'x'], 'the server is named by one of --okv, --config and --server'],
    [['ping', '--kmip-version', '0.9'], '--kmip-version must be one of'],
    [['ping', '--timeout', 'soon'], '--timeout is a number of milliseconds: soon'],
  ])('refuses %j', async (args, message) => {
    expect(await kmip(...args)).toMatchObject({ status: 2, out: '', err: expect.stringContaining(message) });
  });
});
