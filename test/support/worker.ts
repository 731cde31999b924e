/** Builds a script of the tests, with the sources it imports, into one file that a plain Node process can run. Node only. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

/**
 * Builds a worker.
 *
 * @example
 * const worker = await buildWorker(new URL('./lock-worker.ts', import.meta.url));
 * spawn(process.execPath, [worker, 'count']);
 */
export async function buildWorker(entry: URL): Promise<string> {
  const outDir = mkdtempSync(join(tmpdir(), 'keyward-worker-'));
  await build({
    logLevel: 'silent',
    configFile: false,
    ssr: { noExternal: true },
    build: {
      outDir,
      ssr: true,
      rollupOptions: { input: fileURLToPath(entry), output: { entryFileNames: 'worker.mjs' } },
    },
  });
  return join(outDir, 'worker.mjs');
}
