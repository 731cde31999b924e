/** What a visitor does with the page, in a real browser. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWallet, openWallet } from '../../src/wallet/index.ts';
import {
  CAN_BROWSE,
  expectCount,
  giveFile,
  launch,
  makeWallet,
  openPage,
  PASSWORD,
  stopClock,
  unlock,
} from './browser.ts';

describe.skipIf(!CAN_BROWSE)('the wallet page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  it('shows structure before the password, a calm line for a wrong one, everything for the right one', async () => {
    await using opened = await openPage(browser);
    const { page, errors } = opened;
    await giveFile(page, 'ewallet.p12', await makeWallet(3));
    await expect(page.locator('.structure').textContent()).resolves.toContain('PBKDF2-HMAC-SHA-256, 1,000 iterations');
    await page.getByLabel('Password').fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByText('That is not its password').waitFor();
    expect(await page.locator('.structure').isVisible()).toBe(true);
    await unlock(page);
    await expectCount(page.locator('table.keys tbody tr'), 3);
    expect(await page.locator('.verdict').textContent()).toContain('Integrity verified');
    expect(await page.locator('tr.active .state').textContent()).toBe('active');
    expect(await page.content()).not.toContain('a7a7a7a7');
    expect(errors).toEqual([]);
  });

  it('reveals a value while its button is held, and no longer', async () => {
    await using opened = await openPage(browser);
    const { page } = opened;
    await giveFile(page, 'ewallet.p12', await makeWallet(1));
    await unlock(page);
    await stopClock(page); // what hides it is not its 30 seconds
    const button = page.getByRole('button', { name: 'Hold to show: MyKey' });
    const value = page.getByText('a7'.repeat(32));
    await button.hover();
    await page.mouse.down();
    await value.waitFor();
    await page.mouse.up();
    await value.waitFor({ state: 'detached' });
    await button.focus();
    await page.keyboard.down(' ');
    await value.waitFor();
    await page.keyboard.up(' ');
    await value.waitFor({ state: 'detached' });
  });

  it('hides a value that is held for longer than 30 seconds', async () => {
    await using opened = await openPage(browser);
    const { page } = opened;
    await giveFile(page, 'ewallet.p12', await makeWallet(1));
    await unlock(page);
    await stopClock(page);
    const value = page.getByText('a7'.repeat(32));
    await page.getByRole('button', { name: 'Hold to show: MyKey' }).hover();
    await page.mouse.down();
    await value.waitFor();
    await page.clock.runFor(29_999);
    expect(await value.count()).toBe(1);
    await page.clock.runFor(1);
    await value.waitFor({ state: 'detached' });
  });

  it('locks: by its button, after five minutes, after a minute out of sight', async () => {
    await using opened = await openPage(browser);
    const { page } = opened;
    const bytes = await makeWallet(1);
    await giveFile(page, 'ewallet.p12', bytes);
    await unlock(page);
    await page.getByRole('button', { name: 'Lock', exact: true }).click();
    await page.getByLabel('Password').waitFor();
    await expectCount(page.locator('table.keys'), 0);

    await stopClock(page);
    await unlock(page);
    await page.clock.runFor(4 * 60_000);
    await page.mouse.move(5, 5);
    await page.clock.runFor(5 * 60_000 - 1);
    expect(await page.locator('table.keys').count()).toBe(1);
    await page.clock.runFor(1);
    await page.getByText('Locked after five minutes').waitFor();

    await unlock(page);
    await page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { value: true, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    });
    await page.clock.runFor(59_999);
    expect(await page.locator('table.keys').count()).toBe(1);
    await page.clock.runFor(1);
    await page.getByText('out of sight for a minute').waitFor();
  });

  it('forgets everything at once when it is left', async () => {
    await using opened = await openPage(browser);
    const { page } = opened;
    await giveFile(page, 'ewallet.p12', await makeWallet(1));
    await unlock(page);
    await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pagehide')));
    expect(await page.evaluate(() => document.body.children.length)).toBe(0);
  });

  it('says which identifiers of a database this wallet has, in every form', async () => {
    await using opened = await openPage(browser);
    const { page } = opened;
    const bytes = await makeWallet(2);
    using wallet = await openWallet(bytes, PASSWORD);
    const [first, second] = wallet.masterKeys;
    await giveFile(page, 'ewallet.p12', bytes);
    await unlock(page);
    await page.getByRole('tab', { name: 'Which database?' }).click();
    const mkid = Buffer.from(second!.mkid).toString('hex');
    const forms = [
      first!.keyId,
      mkid,
      second!.hexKeyId,
      second!.keyId.replace(/A+$/, 'A'),
      `${'0'.repeat(31)}1`,
      'nonsense',
    ];
    await page.getByLabel('Does this wallet open that database?').fill(forms.join('\n'));
    await page.getByText('4 of 5 keys are in this wallet.').waitFor();
    const states = await page.locator('.answers .state').allTextContents();
    expect(states).toEqual(['present', 'active', 'active', 'active', 'missing', 'not a key identifier']);
  });

  it('compares two wallets', async () => {
    const shared = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
    const make = async (fill: number, more: number) => {
      using wallet = await createWallet(PASSWORD, { iterations: 1 });
      wallet.setKey({ mkid: shared, key: new Uint8Array(32).fill(fill) });
      for (let i = 0; i < more; i++) wallet.setKey({});
      return await wallet.encode();
    };
    await using opened = await openPage(browser);
    const { page } = opened;
    await giveFile(page, 'a.p12', await make(1, 1));
    await unlock(page);
    await page.getByRole('tab', { name: 'Compare' }).click();
    const file = { name: 'b.p12', mimeType: '', buffer: Buffer.from(await make(2, 2)) };
    await page.locator('#section input[type=file]').setInputFiles(file);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByText('0 the same').waitFor();
    const states = await page.locator('.answers .state').allTextContents();
    expect(states.sort()).toEqual([
      'only in the other',
      'only in the other',
      'only in this one',
      'same identifier, another key',
    ]);
  });

  it('links tree and bytes both ways, and searches', async () => {
    await using opened = await openPage(browser);
    const { page } = opened;
    await giveFile(page, 'ewallet.p12', await makeWallet(1));
    await page.getByRole('tab', { name: 'Bytes' }).click();
    await page
      .getByRole('treeitem', { name: /INTEGER/ })
      .first()
      .click();
    const selected = (name: string) => page.locator('.line.selected', { hasText: name }).waitFor();
    await selected('INTEGER');
    expect(await page.locator('.hex .line .byte.header').allTextContents()).toEqual(['02', '01']);
    expect(await page.locator('.hex .line .byte.content').allTextContents()).toEqual(['03']);
    await page.locator('.hex .line .byte').nth(0).click();
    await selected('SEQUENCE');
    await page.locator('.tree .virtual').focus();
    await page.keyboard.press('ArrowDown');
    await selected('INTEGER');
    await page.getByLabel('Search').fill('PBKDF2');
    await page.keyboard.press('Enter');
    await selected('PBKDF2');
    await page.getByLabel('Search').fill('@0');
    await page.keyboard.press('Enter');
    await selected('SEQUENCE');
  });

  it('shows every sample, opened with the password that it names', async () => {
    await using opened = await openPage(browser);
    const { page, errors } = opened;
    for (const [name, password, tab] of [
      ['keyward wallet', 'correct horse battery staple', 'Keys'],
      ['Oracle-style wallet', 'Welcome_1', 'Keys'],
      ['Java keystore', 'changeit', 'Contents'],
    ] as const) {
      await page.getByRole('button', { name }).click();
      expect(await page.locator('.unlock .hint code').textContent()).toBe(password);
      await unlock(page, password);
      await page.getByRole('tab', { name: tab }).click();
      await page.getByRole('button', { name: 'Close file' }).click();
    }
    await page.getByRole('button', { name: 'Damaged wallet' }).click();
    expect(await page.locator('.fault').first().textContent()).toMatch(/^ERR_DER_/);
    await page.getByRole('button', { name: 'Close file' }).click();
    await page.getByRole('button', { name: 'KMIP message', exact: true }).click();
    await page.getByRole('treeitem', { name: /KeyMaterial/ }).waitFor();
    expect(await page.locator('main').textContent()).toContain('[redacted]');
    expect(await page.locator('main').textContent()).not.toContain('5a5a');
    expect(errors).toEqual([]);
  });

  it('shows certificates of a keystore with validity and fingerprints', async () => {
    await using opened = await openPage(browser);
    const { page } = opened;
    await page.getByRole('button', { name: 'Java keystore' }).click();
    await unlock(page, 'changeit');
    await page.getByRole('tab', { name: 'Contents' }).click();
    const card = page.locator('.certificate').first();
    const text = (await card.textContent()) ?? '';
    for (const part of [
      'CN=db.example.org',
      'DNS:db.example.org',
      'IP:192.0.2.7',
      'EC, P-256',
      'expires in',
      'SHA-256',
    ])
      expect(text).toContain(part);
  });

  it('takes pasted text, speaks Chinese, gives reports without secrets', async () => {
    await using opened = await openPage(browser, { acceptDownloads: true });
    const { page } = opened;
    await page.getByLabel('or paste hex').fill('ADMINISTER KEY MANAGEMENT SET KEYSTORE OPEN IDENTIFIED BY topsecret;');
    await page.getByRole('button', { name: '→' }).click();
    await page.getByText('open-keystore').waitFor();
    expect(await page.locator('main').textContent()).not.toContain('topsecret');
    await page.getByRole('button', { name: 'Close file' }).click();
    await giveFile(page, 'ewallet.p12', await makeWallet(1));
    await unlock(page);
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Report as JSON' }).click();
    const report = readFileSync(await (await download).path(), 'utf8');
    expect(JSON.parse(report)).toMatchObject({ kind: 'pkcs12', opened: { integrity: 'verified' } });
    expect(report).not.toContain('a7a7a7');
    await page.getByRole('button', { name: '中文' }).click();
    await page.getByRole('tab', { name: '密钥' }).waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('zh');
  });

  // KEYWARD_PICTURE=1: the README's picture, made anew.
  if (process.env.KEYWARD_PICTURE !== undefined)
    it('makes the picture for the README', async () => {
      await using opened = await openPage(browser);
      const { page } = opened;
      await page.getByRole('button', { name: 'keyward wallet' }).click();
      await unlock(page, 'correct horse battery staple');
      await page.locator('table.keys').waitFor();
      await page.screenshot({ path: fileURLToPath(new URL('inspector.png', import.meta.url)), fullPage: true });
    });

  it('does everything by keyboard', async () => {
    await using opened = await openPage(browser);
    const { page } = opened;
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await giveFile(page, 'ewallet.p12', await makeWallet(7));
    await page.keyboard.type(PASSWORD); // the field has the focus
    await page.keyboard.press('Enter');
    await page.locator('table.keys').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('key 6');
    await expectCount(page.locator('table.keys tbody tr'), 1);
    await page.keyboard.press('Escape');
    await page.keyboard.press('2');
    await page.locator('.entries').waitFor();
    await page.keyboard.press('l');
    await page.getByLabel('Password').waitFor();
  });

  it('says how one can know', async () => {
    await using opened = await openPage(browser);
    const { page } = opened;
    await page.getByRole('button', { name: 'How do I know?' }).click();
    const text = (await page.getByRole('dialog').textContent()) ?? '';
    const pinned = JSON.parse(readFileSync(new URL('../../assembly/hashes.json', import.meta.url), 'utf8'));
    expect(text).toContain("connect-src 'none'");
    await page.getByText(pinned.core).waitFor();
  });

  it('a derivation shows progress and can be cancelled', async () => {
    using wallet = await createWallet(PASSWORD, { iterations: 1_500_000 });
    const bytes = await wallet.encode();
    await using opened = await openPage(browser);
    const { page } = opened;
    await giveFile(page, 'ewallet.p12', bytes);
    await page.getByLabel('Password').fill(PASSWORD);
    // Pressed in the page itself, once some of the work is done: from out here it might be done already.
    await page.evaluate(() => {
      new MutationObserver((_, observer) => {
        const [bar] = document.getElementsByTagName('progress');
        if (bar === undefined || bar.value === 0) return;
        observer.disconnect();
        Object.assign(globalThis, { fractionAtCancel: bar.value });
        [...document.getElementsByTagName('button')].find(({ textContent }) => textContent === 'Cancel')?.click();
      }).observe(document.body, { subtree: true, childList: true, attributes: true });
    });
    await page.keyboard.press('Enter');
    await page.getByText('Stopped.').waitFor();
    await page.getByLabel('Password').waitFor();
    const fraction = await page.evaluate(() => (globalThis as { fractionAtCancel?: number }).fractionAtCancel);
    expect(fraction).toBeGreaterThan(0);
    expect(fraction).toBeLessThan(1);
  });
});
