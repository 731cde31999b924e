/**
 * Reads the shared test vectors, in Node from the folder, in Chromium through the test server, which serves that folder
 * read-only (vitest.config.ts). The folder is `KEYWARD_VECTORS`, or `../shared/vectors` beside the project. Tests that
 * need it say `describe.skipIf(!hasVectors())('…')`; `npm test` names what was skipped for the lack of it.
 */

// They are put in by vitest.config.ts for the browser project only; in Node they do not exist.
declare const __KEYWARD_HAS_VECTORS__: boolean;
declare const __KEYWARD_VECTORS_URL__: string;

const inBrowser = typeof __KEYWARD_HAS_VECTORS__ === 'boolean';

/** Says whether the vectors folder is there. */
export function hasVectors(): boolean {
  return inBrowser ? __KEYWARD_HAS_VECTORS__ : fs().existsSync(vectorsFolder());
}

/** Reads one file of the vectors folder; `path` is relative to it, with forward slashes. */
export async function readVector(path: string): Promise<Uint8Array<ArrayBuffer>> {
  if (!inBrowser) return new Uint8Array(await fs().promises.readFile(new URL(path, vectorsFolder())));
  const response = await fetch(__KEYWARD_VECTORS_URL__ + path);
  if (!response.ok) throw new Error(`vectors: ${path}: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** Reads one file as UTF-8 text. */
export async function readVectorText(path: string): Promise<string> {
  return new TextDecoder('utf-8', { fatal: true }).decode(await readVector(path));
}

/** Reads one file as JSON. The caller states its shape. */
export async function readVectorJson<T>(path: string): Promise<T> {
  return JSON.parse(await readVectorText(path)) as T;
}

function fs(): typeof import('node:fs') {
  return process.getBuiltinModule('node:fs');
}

function vectorsFolder(): URL {
  const { pathToFileURL } = process.getBuiltinModule('node:url');
  const named = process.env.KEYWARD_VECTORS;
  if (named) return new URL(`${pathToFileURL(named).href}/`);
  return new URL('../../../shared/vectors/', import.meta.url);
}
