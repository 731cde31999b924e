import { existsSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hasPeer, makeTempFolder, runPeer } from './peers.ts';

describe('peers', () => {
  it.skipIf(!hasPeer('openssl'))('openssl runs and reads its input', () => {
    const { status, stdout } = runPeer('openssl', ['dgst', '-sha256', '-r'], { input: 'abc' });
    expect(status).toBe(0);
    expect(stdout.toString()).toMatch(/^ba7816bf8f01cfea414140de5dae2223/);
  });

  it('a temporary folder is private and goes away', () => {
    let path = '';
    {
      using folder = makeTempFolder();
      path = folder.path;
      writeFileSync(folder.file('a'), 'x');
      expect(statSync(path).mode & 0o777).toBe(0o700);
    }
    expect(existsSync(path)).toBe(false);
  });
});
