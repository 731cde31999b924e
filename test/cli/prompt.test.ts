/** `keyward sql` at a terminal: a pseudo terminal made by script(1). */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasPeer, makeTempFolder, type TempFolder } from '../support/peers.ts';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const AKM = 'ADMINISTER KEY MANAGEMENT';

let folder: TempFolder;
beforeAll(() => {
  folder = makeTempFolder();
});
afterAll(() => folder[Symbol.dispose]());

/** Types lines, each when a prompt (`SQL>`, `2>`, or a question) waits for it; what the terminal showed. */
function type(args: string, lines: readonly string[]): Promise<string> {
  return new Promise((done, failed) => {
    const command = `'${process.execPath}' '${main}' sql --home '${folder.file('home')}' --profile oracle ${args}`;
    const child = spawn('script', ['-qec', command, '/dev/null'], { env: { ...process.env, TERM: 'xterm' } });
    let shown = '';
    let from = 0;
    let next = 0;
    child.stdout.on('data', (chunk) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what moves the cursor is not what is shown
      shown += String(chunk).replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '');
      const waiting = /(?:SQL> |2> |:\w+: )$/.test(shown.slice(from));
      if (!waiting || next >= lines.length) return;
      from = shown.length;
      child.stdin.write(`${lines[next++]}\r`);
    });
    child.on('error', failed);
    child.on('close', () => done(shown));
  });
}

describe.skipIf(!hasPeer('script'))('the prompt', () => {
  it('runs statements as they are completed, goes on after errors, and leaves at exit', async () => {
    const shown = await type('', [
      "ALTER SYSTEM SET WALLET_ROOT='wallet' SCOPE=BOTH;",
      `${AKM} CREATE KEYSTORE`,
      'IDENTIFIED BY s3cret_one;',
      `${AKM} SET KEYSTORE OPEN IDENTIFIED BY s3cret_two;`,
      `${AKM} SET KEYSTORE OPEN IDENTIFED BY s3cret_typo;`,
      `${AKM} SET KEYSTORE OPEN IDENTIFIED BY s3cret_one;`,
      'SELECT STATUS FROM V$ENCRYPTION_WALLET;',
      'exit',
    ]);
    expect(shown).toContain('keystore created');
    expect(shown).toContain('ERR_WRONG_PASSWORD');
    expect(shown).toContain('ERR_STATEMENT_SYNTAX');
    expect(shown).toContain('keystore opened');
    expect(shown).toMatch(/STATUS\r?\n-+\r?\n1/);
  });

  it('keeps a history (0600) without a password, not even one behind a misspelt word', () => {
    const file = folder.file('home/.history');
    const history = readFileSync(file, 'utf8');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(history).not.toMatch(/s3cret/);
    expect(history.split('\n')).toContain(`${AKM} CREATE KEYSTORE IDENTIFIED BY '[redacted]';`);
    expect(history.split('\n')[0]).toBe('SELECT STATUS FROM V$ENCRYPTION_WALLET;');
  });

  it('brings back what was typed without its password', async () => {
    const up = '\u001b[A';
    const shown = await type('', [`${up}${up}`, 'exit']);
    expect(shown).toContain(`${AKM} SET KEYSTORE OPEN IDENTIFIED BY '[redacted]';`);
    expect(shown).not.toMatch(/s3cret/);
  });

  it('keeps no key of keyring_key_store either, misspelt or over several lines', async () => {
    const shown = await type('', [
      "SELECT keyring_key_store('id', 'AES',",
      "'s3cret_key');",
      "SELECT keyring_key_stroe('id', 'AES', 's3cret_key');",
      'exit',
    ]);
    expect(shown).toContain('ERROR 3188 (HY000)');
    expect(shown).toContain('ERROR 1305 (42000): FUNCTION keyring_key_stroe does not exist');
    const history = readFileSync(folder.file('home/.history'), 'utf8').split('\n');
    expect(history.slice(0, 2)).toEqual([
      "SELECT keyring_key_stroe('id', 'AES', '[redacted]');",
      "SELECT keyring_key_store('id', 'AES', '[redacted]');",
    ]);
  });

  it('asks for bind values without showing them', async () => {
    const shown = await type(`--bind pw -e '${AKM} SET KEYSTORE OPEN IDENTIFIED BY :pw'`, ['s3cret_one']);
    expect(shown).toContain('keystore opened');
    expect(shown).not.toMatch(/s3cret/);
    expect(existsSync(folder.file('home/.history'))).toBe(true);
  });
});
