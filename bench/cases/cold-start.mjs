// Cold start: what a short-lived process pays before its first wrapped key.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { median } from '../harness.mjs';
import { ours } from '../libs.mjs';

const script = fileURLToPath(new URL('../cold.mjs', import.meta.url));
const NAMES = ['ours', 'node:crypto', '@noble', 'hash-wasm'];

/** Starts one fresh Node process. @returns {number} ns from import to the first result */
const once = (name) => Number(execFileSync(process.execPath, [script, name], { encoding: 'utf8' }));

export const family = {
  id: 'cold-start',
  title: 'Cold start',
  cases: [
    {
      id: 'cold-start',
      op: 'import the library and wrap one 32-byte key in a fresh Node process (hash-wasm: its first SHA-256)',
      /** Fresh processes take turns; each figure is their median, for a start happens once and has no best case. */
      async measure({ rounds }) {
        if (!(await ours('core')).wrapKey) return undefined;
        const times = new Map(NAMES.map((name) => [name, []]));
        for (let round = 0; round < Math.ceil(rounds / 6); round++) {
          for (const name of NAMES) times.get(name).push(once(name));
        }
        return Object.fromEntries(
          [...times].map(([name, ns]) => [name, { ns: median(ns), medianNs: median(ns), slices: ns.length }]),
        );
      },
    },
  ],
};
