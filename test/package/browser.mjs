// The bundles in Chromium, each page served from the loopback under a strict Content-Security-Policy: the demos of every door. Then what
// pages say where WebAssembly is forbidden, the wallet page too.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { chromium } from 'playwright-core';
import { installPeers } from '../support/install-peers.mjs';
import { pageOf } from './bundlers.mjs';
import { DEMOS, FIXTURES } from './demos.mjs';
import { attempt, specifierOf, UNIVERSAL_DOORS } from './support.mjs';

/** All that a page with keyward needs, as the README gives it; and the same without WebAssembly. */
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'";
const POLICY_WITHOUT = "default-src 'none'; script-src 'self'";

const TYPES = { '.html': 'text/html', '.js': 'text/javascript' };

/** Runs all that needs a browser. */
export async function checkInBrowser(builds, packageFolder) {
  if (installPeers(['chromium']).length > 0) throw new Error('chromium is missing (Debian package chromium)');
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'],
  });
  try {
    for (const [bundler, build] of Object.entries(builds)) await runPages(browser, bundler, build);
    await runWithoutWasm(browser, builds.esbuild, 'a policy without wasm-unsafe-eval', POLICY_WITHOUT, FORBIDDEN);
    await runWithoutWasm(browser, builds.esbuild, 'no WebAssembly', POLICY, MISSING);
    await checkInspector(browser, join(packageFolder, 'dist'));
  } finally {
    await browser.close();
  }
}

const FORBIDDEN = {
  name: 'KeywardError',
  code: 'ERR_WASM_UNAVAILABLE',
  message: "WebAssembly is forbidden here: the page's Content-Security-Policy needs script-src 'wasm-unsafe-eval'",
};
const MISSING = { ...FORBIDDEN, message: 'WebAssembly is missing here: it is switched off' };

/** Serves a folder on the loopback, each answer with a policy. */
async function serve(folder, policy) {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url, 'http://localhost').pathname);
    try {
      const body = readFileSync(join(folder, path));
      response.writeHead(200, {
        'content-type': TYPES[extname(path)] ?? 'text/plain',
        'content-security-policy': policy,
      });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

/** Every page of one bundler, in a fresh tab; it may not break the policy, nor log an error. */
async function runPages(browser, bundler, { folder, path, pages }) {
  const server = await serve(folder, POLICY);
  const context = await browser.newContext();
  for (const door of UNIVERSAL_DOORS.filter((d) => pages.has(pageOf(d)))) {
    await attempt(`${bundler}, ${specifierOf(door)} in Chromium`, async () => {
      await using(await open(context, `${server.origin}/${path(pageOf(door))}`), async ({ page, errors }) => {
        const [outcome] = await outcomes(page, door, 1);
        const { gives } = DEMOS[door];
        if (!isDeepStrictEqual(outcome, { gives }))
          throw new Error(`gave ${JSON.stringify(outcome)}, not ${JSON.stringify(gives)}`);
        if (errors.length > 0) throw new Error(errors.join('\n'));
      });
    });
  }
  await context.close();
  server.close();
}

/** Every demo twice where WebAssembly does not work: the same error both times, or, where it is not needed, the same result as ever. */
async function runWithoutWasm(browser, { folder, path }, where, policy, error) {
  const server = await serve(folder, policy);
  const context = await browser.newContext();
  if (error === MISSING) await context.addInitScript(() => Reflect.deleteProperty(globalThis, 'WebAssembly'));
  for (const door of UNIVERSAL_DOORS) {
    await attempt(`${specifierOf(door)} under ${where}`, async () => {
      await using(await open(context, `${server.origin}/${path(pageOf(door))}`), async ({ page, errors }) => {
        // (Of a policy that was broken Chromium speaks in the console: at import that would be a fault.)
        if (errors.length > 0) throw new Error(`at import: ${errors.join('\n')}`);
        const { needsCore, gives } = DEMOS[door];
        const want = needsCore ? { error } : { gives };
        for (const outcome of await outcomes(page, door, 2))
          if (!isDeepStrictEqual(outcome, want))
            throw new Error(`gave ${JSON.stringify(outcome)}, not ${JSON.stringify(want)}`);
      });
    });
  }
  await context.close();
  server.close();
}

/** The wallet page says calmly why it cannot work, and does not stand there dead. */
async function checkInspector(browser, folder) {
  for (const [where, policy, error] of [
    ['a policy without wasm-unsafe-eval', POLICY_WITHOUT.replace("'self'", "'unsafe-inline'"), FORBIDDEN],
    ['no WebAssembly', '', MISSING],
  ]) {
    const server = await serve(folder, policy);
    const context = await browser.newContext({ locale: 'en-US' });
    if (error === MISSING) await context.addInitScript(() => Reflect.deleteProperty(globalThis, 'WebAssembly'));
    await attempt(`inspector.html under ${where}`, async () => {
      await using(await open(context, `${server.origin}/inspector.html`), async ({ page }) => {
        const text = await page.locator('main .fault').textContent({ timeout: 10_000 });
        if (!text.startsWith(error.message)) throw new Error(`says: ${text}`);
        await page.getByRole('button', { name: '?' }).click();
        await page.getByRole('dialog').waitFor({ timeout: 10_000 });
      });
    });
    await context.close();
    server.close();
  }
}

/** Opens a page and collects what it throws and logs. */
async function open(context, url) {
  const page = await context.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) errors.push(message.text());
  });
  const response = await page.goto(url);
  if (!response.ok()) throw new Error(`${url}: ${response.status()}`);
  return { page, errors };
}

async function using(opened, act) {
  try {
    return await act(opened);
  } finally {
    await opened.page.close();
  }
}

/** Runs a demo in a page so many times; each time what it gives or the error that it throws. */
async function outcomes(page, door, times) {
  const code = `(async () => {
    const demo = { ${DEMOS[door].run} };
    const found = [];
    for (let i = 0; i < ${times}; i++) {
      try {
        found.push({ gives: await demo.run(${JSON.stringify(FIXTURES)}) });
      } catch ({ name, code, message }) {
        found.push({ error: { name, code, message } });
      }
    }
    return found;
  })()`;
  return await page.evaluate(code);
}
