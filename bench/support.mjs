// The test suite's fixtures (certificates, PyKMIP) for the benchmarks: TypeScript, bundled into a temporary file and imported.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'rolldown';

/**
 * Imports a file of test/support/.
 * @param {string} name without `.ts`
 * @returns {Promise<any>} its namespace
 */
export async function loadSupport(name) {
  const folder = mkdtempSync(join(tmpdir(), 'keyward-bench-'));
  try {
    const input = fileURLToPath(new URL(`../test/support/${name}.ts`, import.meta.url));
    await build({
      input,
      platform: 'node',
      logLevel: 'silent',
      output: { file: join(folder, 'support.mjs'), format: 'esm' },
    });
    return await import(pathToFileURL(join(folder, 'support.mjs')).href);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
