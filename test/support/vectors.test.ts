import { describe, expect, it } from 'vitest';
import { hasVectors, readVector, readVectorJson, readVectorText } from './vectors.ts';

describe.skipIf(!hasVectors())('shared vectors', () => {
  it('are read as bytes, text and JSON, the same in Node and in the browser', async () => {
    const text = await readVectorText('keywrap/nist-kw_ae_128.json');
    const bytes = await readVector('keywrap/nist-kw_ae_128.json');
    expect(new TextDecoder().decode(bytes)).toBe(text);
    expect(JSON.stringify(await readVectorJson('keywrap/nist-kw_ae_128.json'))).toBe(JSON.stringify(JSON.parse(text)));
  });

  it('a missing file is an error', async () => {
    await expect(readVector('no-such-file')).rejects.toThrow(/no-such-file/);
  });
});
