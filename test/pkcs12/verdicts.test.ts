/** Verdicts: each finding has a file that shows it, and a file that meets all recommendations has none. */
import { describe, expect, it } from 'vitest';
import {
  type EncodeOptions,
  encodePfx,
  judgePfx,
  type NewBag,
  type PfxContents,
  parsePfx,
} from '../../src/pkcs12/index.ts';
import { privateKeyInfo } from './craft.ts';

const certificate: NewBag = { kind: 'certificate', certificate: Uint8Array.of(1) };
const key: NewBag = { kind: 'shrouded-key', privateKey: privateKeyInfo(), friendlyName: 'server' };

async function judge(contents: PfxContents, options: EncodeOptions): Promise<string[]> {
  const verdicts = judgePfx(parsePfx(await encodePfx(contents, { password: 'p', ...options })));
  for (const { what, why, standard } of verdicts)
    expect([what, why, standard].every((text) => text.length > 3)).toBe(true);
  return verdicts.map(({ id, severity, where }) => `${severity} ${id} ${where}`);
}

describe('verdicts', () => {
  it('a file that meets all recommendations has none', async () => {
    expect(await judge({ bags: [certificate, key] }, { profile: 'pbmac1' })).toEqual([]);
  });

  it('the MAC under the PKCS#12 KDF is the cheapest guess: one hash for each iteration, not two', async () => {
    expect(await judge({ bags: [certificate, key] }, { profile: 'modern' })).toEqual(['info kdf-iterations MAC']);
  });

  it('iterations: below the recommendation, below the minimum', async () => {
    expect(await judge({ bags: [certificate] }, { profile: 'java' })).toEqual([
      'warning kdf-iterations MAC',
      'warning kdf-iterations safe 0',
    ]);
    expect(await judge({ bags: [key] }, { profile: 'pbmac1', iterations: 999 })).toEqual([
      'danger kdf-iterations MAC',
      'danger kdf-iterations pkcs8ShroudedKeyBag "server"',
    ]);
  });

  it('the recommendation depends on the hash', async () => {
    const count = async (prf: 'sha1' | 'sha512', iterations: number) =>
      (await judge({ bags: [certificate] }, { profile: 'pbmac1', macHash: 'sha512', prf, iterations })).length;
    expect(await count('sha512', 210_000)).toBe(0);
    expect(await count('sha1', 210_000)).toBe(1);
  });

  it('old hashes, ciphers, short salts', async () => {
    expect(await judge({ bags: [certificate] }, { profile: 'legacy' })).toEqual([
      'warning kdf-iterations MAC',
      'warning cipher-weak safe 0',
      'warning kdf-iterations safe 0',
      'info mac-hash MAC',
      'info salt-short MAC',
      'info salt-short safe 0',
    ]);
  });

  it('no MAC, secrets and certificates in the open', async () => {
    const open: PfxContents = {
      safes: [{ bags: [certificate, { kind: 'key', privateKey: privateKeyInfo() }], encrypt: false }],
    };
    expect(await judge(open, { mac: 'none' })).toEqual([
      'danger mac-missing MAC',
      'danger secret-in-the-open keyBag',
      'info certificate-in-the-open certBag',
    ]);
  });

  it('scrypt', async () => {
    const scrypt = (n: number) => judge({ bags: [certificate] }, { profile: 'pbmac1', scrypt: { n, r: 8, p: 1 } });
    expect(await scrypt(1024)).toEqual(['warning kdf-cost safe 0']);
  });

  it('what only unlocking shows', async () => {
    const inner: PfxContents = { safes: [{ bags: [key] }] };
    const bytes = await encodePfx(inner, { password: null, profile: 'oracle', iterations: 2 });
    using opened = parsePfx(bytes).unlockSync('');
    const ids = judgePfx(opened).map(({ id, where }) => `${id} ${where}`);
    expect(ids).toContain('password-empty password');
    expect(ids).toContain('kdf-iterations pkcs8ShroudedKeyBag "server"');
    expect(judgePfx(opened.pfx).map(({ where }) => where)).not.toContain('pkcs8ShroudedKeyBag "server"');
  });
});
