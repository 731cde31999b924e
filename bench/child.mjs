// One process of the benchmark: checks the candidates of a family's cases against each other, races them, and sends the
// figures to run.mjs. A fresh process per family keeps one family's garbage and code from colouring the next.
import { race, startClock } from './harness.mjs';

const PACES = {
  full: { warmMs: 60, sliceMs: 2, rounds: 60, budgetMs: 1500 },
  quick: { warmMs: 30, sliceMs: 1, rounds: 20, budgetMs: 500 },
};

const NO_DOOR = 'our door does not exist yet';

/** The bytes of a result, whatever array type or list of arrays a library returns. */
function flatten(result) {
  if (Array.isArray(result)) return Buffer.concat(result.map(flatten));
  return Buffer.from(result instanceof ArrayBuffer ? new Uint8Array(result) : result);
}

/** Calls a candidate once, times that, and refuses a result that differs from the expected. */
async function check(name, run, { expected, same, bytesOf = (r) => r }) {
  const clock = startClock();
  const returned = run();
  const result = await returned;
  const firstMs = clock();
  const equal = same ? await same(name, result) : Buffer.compare(flatten(bytesOf(result)), flatten(expected)) === 0;
  if (!equal) throw new Error(`${name} gives another result than expected`);
  return { run, async: returned instanceof Promise, firstMs };
}

async function runCase({ id, setup, measure }, pace) {
  if (measure) {
    const figures = await measure(pace);
    if (figures?.skipped) return { id, skipped: figures.skipped };
    return figures ? { id, figures } : { id, skipped: NO_DOOR };
  }
  const made = await setup();
  const candidates = new Map();
  if (made.ours) candidates.set('ours', await check('ours', made.ours, made));
  for (const [name, run] of Object.entries(made.peers)) candidates.set(name, await check(name, run, made));
  // Without a door of ours the peers are still checked against each other, and nothing is timed.
  return made.ours ? { id, figures: await race(candidates, pace) } : { id, skipped: NO_DOOR };
}

const [familyId, pace, only] = process.argv.slice(2);
const { family } = await import(`./cases/${familyId}.mjs`);
const wanted = new Set(only ? only.split(',') : family.cases.map((c) => c.id));
for (const c of family.cases) {
  if (!wanted.has(c.id)) continue;
  try {
    process.send?.(await runCase(c, PACES[pace]));
  } catch (error) {
    process.send?.({ id: c.id, failed: String(error?.stack ?? error) });
  }
}
process.disconnect?.();
