// Vite, webpack and esbuild as a user has them: no configuration but entries and a folder. Each builds one page per universal
// door, which leaves the whole door as `globalThis.door`, and a few more (`EXTRA`). Of each page's modules it says which load
// with the page and which on demand, and who imports whom.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import * as vite from 'vite';
import webpack from 'webpack';
import { attempt, faults, reach, specifierOf, UNIVERSAL_DOORS } from './support.mjs';

/** Pages beside those of the doors. */
const EXTRA = {
  'one-function': `import { unwrapKey, wrapKey } from '${specifierOf('core')}';\nglobalThis.door = { unwrapKey, wrapKey };\n`,
  // A page that claims to be of `ttlv` and holds another room: the check of rooms must find it, in every bundler's graph.
  planted: `import { parseOkvClient } from '${specifierOf('okv')}';\nimport * as door from '${specifierOf('ttlv')}';
globalThis.door = [door, parseOkvClient];\n`,
};

/** The page of a door. */
export function pageOf(door) {
  return `door-${door === '' ? 'front' : door.replaceAll('/', '-')}`;
}

const PAGES = [...UNIVERSAL_DOORS.map(pageOf), ...Object.keys(EXTRA)];

/** Writes the pages as a user would; the folder of their sources. */
function writePages(app) {
  const folder = join(app, 'pages');
  mkdirSync(folder);
  const sources = Object.fromEntries(
    UNIVERSAL_DOORS.map((door) => [
      pageOf(door),
      `import * as door from '${specifierOf(door)}';\nglobalThis.door = door;\n`,
    ]),
  );
  for (const [page, code] of Object.entries({ ...sources, ...EXTRA })) {
    writeFileSync(join(folder, `${page}.js`), code);
    writeFileSync(join(folder, `${page}.html`), htmlOf(`<script type="module" src="./${page}.js"></script>`));
  }
  return folder;
}

function htmlOf(script) {
  return `<!doctype html>\n<meta charset="utf-8" />\n<title>keyward</title>\n${script}\n`;
}

/**
 * Builds the pages with every bundler.
 * @returns by bundler: `folder`, `path` of a page's HTML in it, `pages` (by page, `initial` and `lazy`: sets of modules'
 *   files), `edges` (by file, the files that it imports)
 */
export async function buildPages(app) {
  const sources = writePages(app);
  const builds = {};
  for (const [bundler, { pages = PAGES, build }] of Object.entries(BUNDLERS)) {
    const warn = (text) => faults.push(`${bundler} warns: ${text}`);
    const folder = join(app, `out-${bundler}`);
    mkdirSync(folder);
    const start = performance.now();
    await attempt(bundler, async () => {
      builds[bundler] = { folder, ...(await build({ app, sources, folder, pages, warn })) };
    });
    console.log(`${((performance.now() - start) / 1000).toFixed(1).padStart(10)} s  ${bundler}: ${pages.length} pages`);
  }
  return builds;
}

/** webpack's minimizer takes twenty times as long as the two others: it gets one page, the one that loads most on demand. */
const BUNDLERS = {
  esbuild: { build: withEsbuild },
  vite: { build: withVite },
  webpack: { build: (job) => withWebpack(job, { minimize: false }) },
  'webpack-minimized': { build: (job) => withWebpack(job, {}), pages: [pageOf('pkcs12')] },
};

async function withEsbuild({ app, sources, folder, pages: names, warn }) {
  const { metafile, warnings } = await esbuild.build({
    entryPoints: names.map((page) => join(sources, `${page}.js`)),
    outdir: folder,
    absWorkingDir: app,
    bundle: true,
    minify: true,
    format: 'esm',
    splitting: true,
    metafile: true,
    logLevel: 'silent',
  });
  for (const { text } of warnings) warn(text);
  for (const page of names)
    writeFileSync(join(folder, `${page}.html`), htmlOf(`<script type="module" src="${page}.js"></script>`));
  const file = (name) => join(app, name);
  const modulesOf = (output) =>
    Object.entries(metafile.outputs[output].inputs).flatMap(([name, { bytesInOutput }]) =>
      bytesInOutput > 0 ? [file(name)] : [],
    );
  const importsOf = (output, kind) =>
    metafile.outputs[output].imports.filter((i) => i.kind === kind && !i.external).map(({ path }) => path);
  const edges = new Map(
    Object.entries(metafile.inputs).map(([name, { imports }]) => [
      file(name),
      imports.filter((i) => !i.external).map(({ path }) => file(path)),
    ]),
  );
  const graph = chunkGraph(
    modulesOf,
    (o) => importsOf(o, 'import-statement'),
    (o) => importsOf(o, 'dynamic-import'),
  );
  const pages = new Map(names.map((page) => [page, graph(`out-esbuild/${page}.js`)]));
  return { path: (page) => `${page}.html`, pages, edges };
}

async function withVite({ app, sources, folder, pages: names, warn }) {
  const edges = new Map();
  const pages = new Map();
  const logger = vite.createLogger('silent');
  logger.warn = warn;
  logger.warnOnce = warn;
  const collect = {
    name: 'collect',
    generateBundle(_options, output) {
      for (const id of this.getModuleIds()) {
        const { importedIds = [], dynamicallyImportedIds = [] } = this.getModuleInfo(id) ?? {};
        edges.set(id, [...importedIds, ...dynamicallyImportedIds]);
      }
      const modulesOf = (name) =>
        Object.entries(output[name].modules).flatMap(([id, { renderedLength }]) => (renderedLength > 0 ? [id] : []));
      const graph = chunkGraph(
        modulesOf,
        (name) => output[name].imports,
        (name) => output[name].dynamicImports,
      );
      for (const chunk of Object.values(output)) if (chunk.isEntry) pages.set(chunk.name, graph(chunk.fileName));
    },
  };
  await vite.build({
    root: app,
    configFile: false,
    customLogger: logger,
    logLevel: 'silent',
    plugins: [collect],
    build: {
      outDir: folder,
      rolldownOptions: { input: Object.fromEntries(names.map((page) => [page, join(sources, `${page}.html`)])) },
    },
  });
  return { path: (page) => `pages/${page}.html`, pages, edges };
}

async function withWebpack({ app, sources, folder, pages: names, warn }, optimization) {
  const edges = new Map();
  const pages = new Map();
  const compiler = webpack({
    context: app,
    mode: 'production',
    entry: Object.fromEntries(names.map((page) => [page, join(sources, `${page}.js`)])),
    output: { path: folder },
    optimization,
    performance: false, // (Sizes are judged elsewhere.)
  });
  compiler.hooks.compilation.tap('collect', ({ hooks, moduleGraph }) => {
    // Before modules are joined, which hides who imports whom.
    hooks.finishModules.tap('collect', (modules) => {
      for (const module of modules) {
        const targets = [...moduleGraph.getOutgoingConnections(module)].map((c) => c.module?.resource);
        edges.set(
          module.resource,
          [...new Set(targets)].filter((t) => t !== undefined),
        );
      }
    });
  });
  const stats = await new Promise((done, fail) => {
    compiler.run((error, result) => compiler.close(() => (error ? fail(error) : done(result))));
  });
  const { compilation } = stats;
  for (const error of compilation.errors) throw error;
  for (const { message } of compilation.warnings) warn(message);
  for (const page of names) {
    const entry = compilation.entrypoints.get(page);
    const files = entry.getFiles().map((file) => `<script defer src="${file}"></script>`);
    writeFileSync(join(folder, `${page}.html`), htmlOf(files.join('\n')));
    const initial = new Set(entry.chunks.flatMap((chunk) => webpackModules(compilation, chunk)));
    const late = entry.chunks.flatMap((chunk) => [...chunk.getAllAsyncChunks()]);
    pages.set(page, { initial, lazy: new Set(late.flatMap((chunk) => webpackModules(compilation, chunk))) });
  }
  return { path: (page) => `${page}.html`, pages, edges };
}

function webpackModules({ chunkGraph: graph }, chunk) {
  const inner = [...graph.getChunkModules(chunk)].flatMap((module) => module.modules ?? [module]);
  return inner.map(({ resource }) => resource).filter((resource) => resource !== undefined);
}

/** From an entry's file, the modules of all files that it loads with itself, and of those that it can load later. */
function chunkGraph(modulesOf, importsOf, dynamicImportsOf) {
  return (entry) => {
    const initial = reach([entry], importsOf);
    const lazy = reach([...initial].flatMap(dynamicImportsOf), (chunk) => [
      ...importsOf(chunk),
      ...dynamicImportsOf(chunk),
    ]);
    const modules = (chunks) => new Set([...chunks].flatMap(modulesOf));
    return { initial: modules(initial), lazy: modules([...lazy].filter((chunk) => !initial.has(chunk))) };
  };
}
