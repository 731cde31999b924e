import { describe, expect, it } from 'vitest';
import { parsePfxStructure } from '../../src/core/index.ts';
import { hasVectors, readVector, readVectorJson } from '../support/vectors.ts';

/** Files whose structure is at fault, with the error; the faults of all others lie deeper. */
const BROKEN: Readonly<Record<string, string>> = {
  'boringssl/bad1.p12': 'ERR_DER_MISSING',
  'boringssl/bad2.p12': 'ERR_DER_MISSING',
  'boringssl/bad3.p12': 'ERR_DER_MISSING',
  'boringssl/empty_password_ber_nested.p12': 'ERR_DER_DEPTH',
  'openssl/bad1.p12': 'ERR_DER_MISSING',
  'openssl/bad2.p12': 'ERR_DER_MISSING',
  'openssl/bad3.p12': 'ERR_DER_MISSING',
  'openssl/garbage-pkcs12.p12': 'ERR_DER_TRAILING',
};

describe.skipIf(!hasVectors())('parsePfxStructure on the shared files', () => {
  it('reads every file, or says what is wrong', async () => {
    const entries = await readVectorJson<{ file: string; expects: { ber?: boolean } }[]>('pkcs12/manifest.json');
    for (const { file, expects } of entries) {
      const bytes = await readVector(`pkcs12/${file}`);
      const broken = BROKEN[file];
      if (broken === undefined) {
        const pfx = parsePfxStructure(bytes);
        expect(pfx.version).toBe(3);
        if (expects.ber) expect(pfx.wasBer, file).toBe(true);
      } else {
        expect(() => parsePfxStructure(bytes), file).toThrow(expect.objectContaining({ code: broken }));
      }
    }
    console.log(`vectors pkcs12/manifest.json: ${entries.length} run`);
  });
});
