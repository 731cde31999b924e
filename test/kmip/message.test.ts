/** Messages: every OASIS test case decodes into fields and comes back byte for byte. */
import { describe, expect, it } from 'vitest';
import { decodeRequest, decodeResponse, encodeRequest, encodeResponse } from '../../src/kmip/index.ts';
import { hex, toHex } from '../support/hex.ts';
import { hasVectors, readVectorText } from '../support/vectors.ts';

interface Row {
  readonly file: string;
  readonly index: number;
  readonly kind: 'request' | 'response';
  readonly version: string;
  readonly hex: string;
}

describe.skipIf(!hasVectors())('vectors kmip/xml-ttlv.jsonl', () => {
  it('every message decodes and comes back byte for byte', async () => {
    const rows = (await readVectorText('kmip/xml-ttlv.jsonl'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Row);
    const bad: string[] = [];
    for (const row of rows) {
      try {
        const bytes = hex(row.hex);
        const back =
          row.kind === 'request' ? encodeRequest(decodeRequest(bytes)) : encodeResponse(decodeResponse(bytes));
        if (toHex(back) !== row.hex) bad.push(`${row.file} ${row.index} ${row.kind}: differs`);
      } catch (error) {
        bad.push(
          `${row.file} ${row.index} ${row.kind} ${(error as { code?: string }).code}: ${(error as Error).message}`,
        );
      }
    }
    expect(bad).toEqual([]);
    console.log(`vectors kmip/xml-ttlv.jsonl: ${rows.length} messages as fields and back`);
    expect(rows.length).toBe(2792);
  });
});
