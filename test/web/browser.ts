/** A real Chromium with the page in it, and wallets to give to it. Node only. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from 'playwright-core';
import { expect } from 'vitest';
import { createWallet } from '../../src/wallet/index.ts';
import { hasPeer } from '../support/peers.ts';

export const PAGE_FILE: string = fileURLToPath(new URL('../../dist/inspector.html', import.meta.url));
export const PAGE_URL: string = new URL('../../dist/inspector.html', import.meta.url).href;
export const CAN_BROWSE: boolean = hasPeer('chromium') && existsSync(PAGE_FILE);
export const PASSWORD = 'open sesame';

/** How long anything may take to be seen: for machines that do many things at once. What goes wrong is noticed by what is seen. */
const PATIENCE_MS = 55_000;
/** The browser's own start, cold caches and all. */
const LAUNCH_MS = 110_000;

/** Starts Chromium. */
export async function launch(): Promise<Browser> {
  return await chromium.launch({
    executablePath: '/usr/bin/chromium',
    timeout: LAUNCH_MS,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
}

/** The page, opened; what it throws or logs as an error is collected. */
export interface Opened extends AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly errors: string[];
}

/** Opens the page in a context of its own. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-US', ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    // Chromium does not know this directive of the policy; browsers that do obey it.
    if (message.type() === 'error' && !message.text().includes("'webrtc'")) errors.push(message.text());
  });
  await page.goto(PAGE_URL);
  await page.locator('.start').waitFor();
  return { page, context, errors, [Symbol.asyncDispose]: () => context.close() };
}

/** Gives the page a file. */
export async function giveFile(page: Page, name: string, bytes: Uint8Array): Promise<void> {
  await page
    .locator('input[type=file]')
    .first()
    .setInputFiles({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) });
  await page.locator('.file-head').waitFor();
}

/** Waits until there are so many of something. */
export async function expectCount(locator: Locator, count: number): Promise<void> {
  await expect.poll(() => locator.count(), { timeout: PATIENCE_MS }).toBe(count);
}

/**
 * Stops the page's clock: from now on its time passes by `page.clock.runFor` alone, however long the machine takes. (Installed and not
 * stopped, a clock goes on by itself.)
 */
export async function stopClock(page: Page): Promise<void> {
  await page.clock.install({ time: 0 });
  await page.clock.pauseAt(3_600_000); // any time that is not over yet
}

/** Opens what was given. */
export async function unlock(page: Page, password: string = PASSWORD): Promise<void> {
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Lock', exact: true }).waitFor();
}

/** A wallet with so many master keys, cheap to open. */
export async function makeWallet(keys: number, tag: (i: number) => string = (i) => `key ${i}`): Promise<Uint8Array> {
  const wallet = await createWallet(PASSWORD, { iterations: 1000 });
  try {
    for (let i = 0; i < keys; i++) wallet.setKey({ keyTag: tag(i) });
    wallet.addKeyringEntry({ owner: 'root@localhost', id: 'MyKey', type: 'AES', key: new Uint8Array(32).fill(0xa7) });
    return await wallet.encode();
  } finally {
    wallet.dispose();
  }
}
