/** What the commands show and ask at a terminal. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromPem, initDirectory } from '../../src/cli/okv/init.ts';
import { openKeyring } from '../../src/keyring/index.ts';
import { makeAuthority } from '../support/certificates.ts';
import { hasPeer, makeTempFolder } from '../support/peers.ts';
import { atTerminal } from './run.ts';

const folder = makeTempFolder();
const terminal = (args: string, ...answers: readonly string[]) => atTerminal(folder.path, args.split(' '), answers);
const HEX = 'f00dfeed'.repeat(4);
const PASSWORD = 'a wallet password';
afterAll(() => folder[Symbol.dispose]());

describe.skipIf(!hasPeer('script'))('a terminal', () => {
  beforeAll(async () => {
    const walletOptions = { iterations: 1000 };
    const directory = folder.file('w');
    const made = await openKeyring({ backend: 'wallet', directory, password: PASSWORD, create: true, walletOptions });
    await made.close();
    writeFileSync(folder.file('pw'), `${PASSWORD}\n`, { mode: 0o600 });
  });

  it('is asked for a key and a password without echo', async () => {
    const shown = await terminal('keyring store typed --wallet w --format hex', HEX, PASSWORD);
    expect(shown).toContain('stored typed: SECRET, 16 bytes');
    for (const secret of [HEX, PASSWORD]) expect(shown).not.toContain(secret);
  });

  it('sees a key only when that was asked for', async () => {
    const fetch = 'keyring fetch typed --wallet w --password-file pw';
    const refused = await terminal(fetch);
    expect(refused).toContain('ERR_TERMINAL: a key is not shown on a terminal');
    expect(refused).toContain('status 2');
    expect(refused).not.toContain('f00dfeed');
    expect(await terminal(`${fetch} --show-secrets`)).toContain(`${HEX}\nstatus 0`);
    expect(await terminal('ttlv encode --to binary no-such-file')).toContain(
      'ERR_TERMINAL: bytes are not for a terminal',
    );
  });

  it.skipIf(!hasPeer('openssl'))('is asked twice for a new password', async () => {
    const authority = makeAuthority(folder.file('ca'), 'ecdsa');
    const { cert, key } = authority.issue('client', { commonName: 'client-a', usage: 'clientAuth' });
    const material = fromPem(authority.ca, cert, key, null);
    initDirectory(folder.file('okv'), { servers: [{ host: 'localhost', port: 5696 }], material });
    const file = folder.file('okv/ssl/password.txt');
    const refused = await terminal('okv protect okv', 'one', 'another');
    expect(refused).toContain('ERR_PASSWORD: these are two different passwords');
    expect(existsSync(file)).toBe(false);
    const done = await terminal('okv protect okv', 'correct horse', 'correct horse');
    expect(done).toContain('status 0');
    expect(done).not.toContain('correct horse');
    expect(readFileSync(file, 'utf8')).toBe('correct horse\n');
  });
});
