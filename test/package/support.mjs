// What the parts of the package check share: places, the faults found so far, processes, the table of rooms.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
export const scratch = mkdtempSync(join(tmpdir(), 'keyward-package-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

/** What is wrong, one text each. */
export const faults = [];

/** The table of rooms; its file is TypeScript that imports nothing. */
export const { ROOMS, roomOf, roomsBelow } = await importTable(join(root, 'test/support/rooms.ts'));

async function importTable(file) {
  const { code } = await transform(readFileSync(file, 'utf8'), { loader: 'ts', format: 'esm' });
  return await import(`data:text/javascript,${encodeURIComponent(code)}`);
}

/** Subpaths that are modules, without `./`: '' is the front door. */
export const DOORS = Object.entries(manifest.exports)
  .filter(([, target]) => typeof target !== 'string')
  .map(([subpath]) => subpath.slice(2));

/** Doors for Node and browsers alike. The front door is one by the file that it has for browsers. */
export const UNIVERSAL_DOORS = DOORS.filter((door) => ROOMS[roomOfDoor(door)].runsIn === 'both');

/** The room behind a door, as browsers find it. */
export function roomOfDoor(door) {
  return door === '' ? 'browser.ts' : door;
}

/** What users write: `keyward/core`. */
export function specifierOf(door) {
  return door === '' ? manifest.name : `${manifest.name}/${door}`;
}

/** Runs one check; what it throws is a fault. */
export async function attempt(what, act) {
  try {
    return await act();
  } catch (error) {
    faults.push(`${what}: ${error.stdout ?? ''}${error.stderr ?? error.stack ?? error}`.trim());
    return undefined;
  }
}

/** Runs a program to its end and gives back what it printed. */
export function run(program, args, cwd) {
  return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000 });
}

/** Runs a part of the check and says how long it took. */
export async function part(name, act) {
  const start = performance.now();
  const result = await act();
  console.log(`${((performance.now() - start) / 1000).toFixed(1).padStart(6)} s  ${name}`);
  return result;
}

/** Everything that can be reached from some things. */
export function reach(from, next) {
  const found = new Set(from);
  for (const one of found) for (const other of next(one)) found.add(other);
  return found;
}
