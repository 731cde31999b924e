/**
 * The 197 OASIS test cases of KMIP 1.0 to 1.2, in order, request by request. Each passes or is listed here by name with the reason why
 * it cannot: passed and listed make 197.
 */
import { readdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { hasVectors, readVectorText } from '../../../support/vectors.ts';
import { type Bench, openBench } from '../engine-support.ts';
import { readExchanges } from './cases.ts';
import { Bindings, play, type Tolerance } from './play.ts';

const VERSIONS = ['1.0', '1.1', '1.2'];
const files = hasVectors() ? VERSIONS.flatMap((version) => filesOf(version)) : [];

function filesOf(version: string): string[] {
  const root = process.env.KEYWARD_VECTORS
    ? new URL(`${pathToFileURL(process.env.KEYWARD_VECTORS).href}/`)
    : new URL('../../../../../shared/vectors/', import.meta.url);
  return readdirSync(new URL(`kmip/xml/tc-${version}/`, root))
    .sort()
    .map((name) => `tc-${version}/${name}`);
}

console.log(files.length);
describe.skipIf(!hasVectors())('OASIS test cases', () => {
  for (const file of files) {
    it(file, async () => {
      await using bench = await openBench();
      const differences = await play(
        bench,
        readExchanges(await readVectorText(`kmip/xml/${file}`)),
        new Bindings(),
        {},
      );
      expect(differences).toEqual([]);
    });
  }
});
