// Which rooms' code a bundle holds: only those that stand below its door in the table of rooms (test/support/rooms.ts), nothing
// of Node, and what is for use on demand only in files that load on demand. An intruder is named with the imports that let it in.
import { relative, sep } from 'node:path';
import { pageOf } from './bundlers.mjs';
import { faults, ROOMS, roomOf, roomOfDoor, roomsBelow, specifierOf, UNIVERSAL_DOORS } from './support.mjs';

/** The embedded module that only old files need. */
const LEGACY_WASM = 'core/generated/legacy-wasm.js';

/** Judges every page of every bundler, then proves on the planted page that it sees intruders. */
export function checkIsolation(builds, packageFolder) {
  for (const [bundler, { pages, edges }] of Object.entries(builds)) {
    for (const door of UNIVERSAL_DOORS.filter((d) => pages.has(pageOf(d))))
      for (const fault of judgePage(door, pageOf(door), pages, edges, packageFolder))
        faults.push(`${bundler}: ${fault}`);
    if (pages.has('planted')) prove(bundler, judgePage('ttlv', 'planted', pages, edges, packageFolder));
  }
}

function prove(bundler, found) {
  const want = /^keyward\/ttlv holds okv: planted\.js → keyward\/okv\/index\.js$/;
  if (found.length !== 1 || !want.test(found[0]))
    faults.push(`${bundler}: the intruder that was planted was not named, but: ${found.join('; ') || 'nothing'}`);
}

/** What is wrong with one page's modules. */
function judgePage(door, page, pages, edges, packageFolder) {
  const { initial, lazy } = pages.get(page);
  const room = roomOfDoor(door);
  const rooms = new Set([room, 'common', ...roomsBelow(room)]);
  const packages = Object.assign({}, ...[...rooms].map((name) => ROOMS[name]?.packages ?? {}));
  const found = new Map();
  const report = (what, file) => {
    if (!found.has(what))
      found.set(what, `${specifierOf(door)} holds ${what}: ${chainTo(file, page, edges, packageFolder)}`);
  };
  // (A graph that was read wrongly would be free of intruders, too.)
  if (![...initial].some((file) => file.startsWith(packageFolder)))
    return [`${specifierOf(door)} holds nothing of its own`];
  for (const [files, late] of [
    [initial, false],
    [lazy, true],
  ]) {
    for (const file of files) {
      const { kind, name } = ownerOf(file, packageFolder);
      if (kind === 'room' && !rooms.has(name)) report(name, file);
      if (kind === 'node') report(`${name} of Node`, file);
      if (kind === 'package' && packages[name] === undefined) report(`the package ${name}`, file);
      if (kind === 'package' && packages[name] === 'dynamic' && !late)
        report(`${name} in what loads with the page`, file);
      if (file.endsWith(LEGACY_WASM) && !late) report('the legacy module in what loads with the page', file);
    }
  }
  return [...found.values()];
}

/** Whose a module is: a room's of ours, a package's, Node's (or a bundler's stand-in for it), or the app's and its bundler's. */
function ownerOf(file, packageFolder) {
  if (/^(\0?node:|\0?__vite-browser-external|\(disabled\))/.test(file))
    return { kind: 'node', name: file.replace(/^\0/, '') };
  if (file.startsWith(packageFolder)) {
    // (base.js is made of the files that every room may import: assembly/build/bundle.mjs.)
    const path = relative(`${packageFolder}/dist`, file).split(sep).join('/').replace(/\.js$/, '');
    const name = path === 'base' ? 'common' : roomOf(`${path}.ts`);
    return { kind: 'room', name: name ?? `${path}, which belongs to no room` };
  }
  const inside = /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file);
  return inside === null ? { kind: 'app' } : { kind: 'package', name: inside[1] };
}

/** The imports by which a module came into a page: the shortest way from the page's own source. */
function chainTo(file, page, edges, packageFolder) {
  const source = [...edges.keys()].find((id) => id.endsWith(`/pages/${page}.js`));
  const importers = new Map([[source, null]]);
  for (const at of importers.keys())
    for (const target of edges.get(at) ?? []) if (!importers.has(target)) importers.set(target, at);
  const chain = [];
  for (let at = file; at !== null && at !== undefined; at = importers.get(at)) chain.unshift(nameOf(at, packageFolder));
  return chain.join(' → ');
}

function nameOf(file, packageFolder) {
  if (file.startsWith(packageFolder)) return `keyward/${relative(`${packageFolder}/dist`, file)}`;
  return file.replace(/^.*\/(node_modules|pages)\//, '');
}
