// The package in Node where WebAssembly does not work, by the flags of the engine and in a context that forbids it: it imports, and the first
// call and every later one say the same. (Browsers: browser.mjs.)
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { build } from 'esbuild';
import { attempt, run, specifierOf } from './support.mjs';

const CASES = [
  { flags: ['--jitless'], says: 'WebAssembly is missing here: it is switched off' },
  { before: 'delete globalThis.WebAssembly;', says: 'WebAssembly is missing here: it is switched off' },
  { flags: ['--wasm-max-mem-pages=100'], says: 'WebAssembly cannot start here: no memory for it' },
  // (V8 makes SIMD of SSSE3 and SSE4.1; on other processors the flag changes nothing. The legacy module has no SIMD and works.)
  ...(process.arch === 'x64'
    ? [{ flags: ['--no-enable-ssse3'], says: 'WebAssembly has no SIMD here', legacy: 'nothing' }]
    : []),
];
const FORBIDDEN =
  "WebAssembly is forbidden here: the page's Content-Security-Policy needs script-src 'wasm-unsafe-eval'";

/** The first calls of three doors, a first one once more, what each throws; `loadLegacy` has a module of its own. */
const CALLS = `
  const found = [];
  const call = async (act) => {
    try {
      await act();
      found.push('nothing');
    } catch (error) {
      found.push(error.name + ' ' + error.code + ' ' + error.message);
    }
  };
  for (let i = 0; i < 2; i++) {
    await call(() => core.hash('sha256', new Uint8Array(3)));
    await call(() => core.loadLegacy());
    await call(() => inspect.inspect(Uint8Array.of(0x30, 0x03, 0x02, 0x01, 0x03)));
    await call(() => wallet.createWallet('a long password', { iterations: 1000 }).then((made) => made.encode()));
  }
  report(JSON.stringify(found));`;
const IMPORTS = ['core', 'inspect', 'wallet']
  .map((door) => `import * as ${door} from '${specifierOf(door)}';\n`)
  .join('');

/** Runs every case. */
export async function checkForbidden(app) {
  for (const { flags = [], before = '', says, legacy } of CASES) {
    writeFileSync(join(app, 'before.mjs'), before);
    writeFileSync(join(app, 'forbidden.mjs'), `import './before.mjs';\n${IMPORTS}const report = console.log;${CALLS}`);
    await attempt(`WebAssembly under ${flags[0] ?? before}`, () =>
      judge(run(process.execPath, ['--no-warnings', ...flags, 'forbidden.mjs'], app), says, legacy),
    );
  }
  await attempt('WebAssembly in a context that forbids it', async () => judge(await runInContext(app), FORBIDDEN));
}

/** Runs the calls in a context of node:vm whose `codeGeneration` forbids WebAssembly, as hosts of workers do. */
async function runInContext(app) {
  const bundle = await build({
    stdin: {
      contents: `${IMPORTS}globalThis.done = (async (report) => {${CALLS}})(globalThis.report);`,
      resolveDir: app,
    },
    bundle: true,
    format: 'iife',
    write: false,
    logLevel: 'silent',
  });
  writeFileSync(join(app, 'bundle.js'), bundle.outputFiles[0].contents);
  const code = `
    const sandbox = { report: console.log, TextEncoder, TextDecoder, atob, crypto };
    const context = require('node:vm').createContext(sandbox, { codeGeneration: { strings: false, wasm: false } });
    require('node:vm').runInContext(require('node:fs').readFileSync('bundle.js', 'utf8'), context);`;
  writeFileSync(join(app, 'context.cjs'), code);
  return run(process.execPath, ['context.cjs'], app);
}

function judge(printed, says, legacy) {
  const found = JSON.parse(printed.split('\n').find((line) => line.startsWith('[')));
  const error = `KeywardError ERR_WASM_UNAVAILABLE ${says}`;
  const once = [error, legacy ?? error, error, error];
  if (!isDeepStrictEqual(found, [...once, ...once]))
    throw new Error(`${found.join('\n')}\ninstead of\n${once.join('\n')}`);
}
