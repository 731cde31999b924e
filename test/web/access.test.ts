/** The page for everyone: axe finds nothing, locked and unlocked, light and dark, narrow and wide. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CAN_BROWSE, launch, openPage, unlock } from './browser.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe says of the page as it is. Its code is run by the debugger, which no policy of the page binds. */
async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: readonly Violation[] }> } };
    interface Violation {
      readonly id: string;
      readonly nodes: readonly { readonly html: string }[];
    }
    return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''} (${nodes.length})`);
  });
  return found;
}

describe.skipIf(!CAN_BROWSE)('accessibility', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  it.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 320],
    ['dark', 320],
  ] as const)('%s, %d px', async (colorScheme, width) => {
    await using opened = await openPage(browser, { colorScheme, viewport: { width, height: 800 }, bypassCSP: true });
    const { page } = opened;
    const seen: string[] = [];
    const look = async (view: string): Promise<void> => {
      seen.push(view);
      expect(await violations(page), view).toEqual([]);
      // Nothing is wider than the window but what scrolls by itself.
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(overflow, `${view}: overflow`).toBeLessThanOrEqual(0);
    };
    await look('start');
    await page.getByRole('button', { name: 'How do I know?' }).click();
    await page.getByRole('dialog').waitFor();
    await look('how do I know');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Java keystore' }).click();
    await look('locked');
    await unlock(page, 'changeit');
    await look('keystore, unlocked');
    await page.getByRole('button', { name: 'Close file' }).click();
    await page.getByRole('button', { name: 'keyward wallet' }).click();
    await unlock(page, 'correct horse battery staple');
    for (const tab of ['Keys', 'Contents', 'Which database?', 'Compare', 'Overview', 'Bytes']) {
      await page.getByRole('tab', { name: tab }).click();
      await look(tab);
    }
    await page.getByRole('button', { name: 'Close file' }).click();
    await page.getByRole('button', { name: 'KMIP message', exact: true }).click();
    await look('message');
    await page.getByRole('button', { name: 'Close file' }).click();
    await page.getByRole('button', { name: 'Damaged wallet' }).click();
    await look('damaged');
    console.log(`axe: ${seen.length} views, ${colorScheme}, ${width} px: 0 violations`);
  });
});
