// Joins each room's modules into its door. Node spends 0.3 to 1 ms on every ES module it loads, more than the core needs
// for its first key wrap, and users only ever import doors. So after tsc, for every door that package.json exports:
// `dist/<room>/index.js` gets all of its room's modules, and the files it swallowed go.
//   - Other rooms stay imports of their doors, so no module exists twice.
//   - `errors`, `secret` and `bytes`, which every room shares, become `dist/base.js`; their old names re-export it.
//   - The embedded wasm stays alone in its file.
//   - What a room imports on demand stays a file of its own.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('../../', import.meta.url));
const dist = resolve(root, 'dist');
const BASE = ['errors', 'secret', 'bytes'];
const baseFile = resolve(dist, 'base.js');
const baseParts = BASE.map((name) => resolve(dist, `${name}.js`));
const inside = (folder, file) => file.startsWith(folder + sep);

/** The doors that exist: files that package.json's `exports` names, rooms within rooms after the rooms around them. */
function doors() {
  const { exports } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8'));
  const targets = Object.values(exports).flatMap((e) => (typeof e === 'string' ? [e] : Object.values(e)));
  return [...new Set(targets)]
    .filter((t) => t.endsWith('/index.js'))
    .map((t) => resolve(root, t))
    .filter((file) => existsSync(file))
    .sort();
}

/** Says where an import from within a room leads: into the bundle, or to a file beside it. */
function placeImport(room, otherRooms) {
  return {
    name: 'rooms',
    resolveId(specifier, importer) {
      if (importer === undefined) return null;
      if (!specifier.startsWith('.') && !isAbsolute(specifier)) return { id: specifier, external: true };
      const file = resolve(dirname(importer), specifier);
      // (The root door hands the errors on as a whole: it takes them by their own file, which names nothing else.)
      if (room === undefined) return null;
      if (baseParts.includes(file)) return { id: room === dist ? file : baseFile, external: true };
      const own = inside(room, file) && !otherRooms.some((other) => inside(room, other) && inside(other, file));
      return own && !/-wasm\.js$/.test(file) ? null : { id: file, external: true };
    },
  };
}

/**
 * Bundles one entry into one file (and a file for each part imported on demand), then removes what it swallowed.
 * @param {string} file the entry, replaced by its bundle
 * @param {object} plugin places imports
 */
async function bundle(file, plugin) {
  const build = await rolldown({ input: file, plugins: [plugin], logLevel: 'warn' });
  const { output } = await build.write({
    dir: dirname(file),
    entryFileNames: basename(file),
    chunkFileNames: '[name].js',
    format: 'esm',
  });
  await build.close();
  const chunks = output.filter((o) => o.type === 'chunk');
  const written = new Set(chunks.map((o) => resolve(dirname(file), o.fileName)));
  for (const swallowed of chunks.flatMap((o) => o.moduleIds)) {
    if (written.has(swallowed) || !existsSync(swallowed)) continue;
    rmSync(swallowed);
  }
}

async function bundleBase() {
  const names = await Promise.all(baseParts.map(async (part) => Object.keys(await import(pathToFileURL(part).href))));
  writeFileSync(baseFile, BASE.map((name) => `export * from './${name}.js';\n`).join(''));
  await bundle(baseFile, placeImport(undefined, []));
  baseParts.forEach((part, i) => {
    writeFileSync(part, `export { ${names[i].join(', ')} } from './base.js';\n`);
  });
}

/** Joins the modules that tsc has just written. */
export async function bundleDoors() {
  await bundleBase();
  const files = doors();
  const rooms = files.map(dirname);
  for (const [i, file] of files.entries()) {
    await bundle(
      file,
      placeImport(
        rooms[i],
        rooms.filter((r) => r !== rooms[i]),
      ),
    );
    if (/export \* from "[./]+base\.js"/.test(readFileSync(file, 'utf8')))
      throw new Error(`${file} hands on all of base.js`);
  }
}
