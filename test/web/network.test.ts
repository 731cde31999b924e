/** The page talks to nobody: not when it is used, and not when its own code is made to try. */
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CAN_BROWSE, giveFile, launch, makeWallet, openPage, PAGE_FILE, unlock } from './browser.ts';

describe.skipIf(!CAN_BROWSE)('the page and the network', () => {
  let browser: Browser;
  let server: Server;
  const hits: string[] = [];
  let port = 0;
  beforeAll(async () => {
    browser = await launch();
    server = createServer((request, response) => {
      if (request.url === '/page') {
        response.setHeader('content-type', 'text/html; charset=utf-8');
        response.end(readFileSync(PAGE_FILE));
        return;
      }
      if (request.url !== '/favicon.ico') hits.push(request.url ?? '');
      response.setHeader('access-control-allow-origin', '*');
      response.end('seen');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(async () => {
    await browser.close();
    server.close();
  });

  it('no request after it was loaded, whatever is done with it', async () => {
    await using opened = await openPage(browser);
    const { page, context } = opened;
    const requests: string[] = [];
    await context.route('**/*', (route) => {
      requests.push(route.request().url());
      return route.abort();
    });
    await giveFile(page, 'ewallet.p12', await makeWallet(2));
    await unlock(page);
    for (const tab of ['Contents', 'Which database?', 'Compare', 'Overview', 'Bytes'])
      await page.getByRole('tab', { name: tab }).click();
    await page.getByRole('button', { name: 'Report as text' }).click();
    await page.getByRole('button', { name: 'How do I know?' }).click();
    await page.getByRole('dialog').waitFor(); // before it is open, Escape would close nothing
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Close file' }).click();
    await page.getByRole('button', { name: 'Oracle-style wallet' }).click();
    await unlock(page, 'Welcome_1');
    expect(requests.filter((url) => !url.startsWith('blob:'))).toEqual([]);
  });

  it('its policy stops every way out that is tried in it', async () => {
    const udp = createSocket('udp4');
    const datagrams: number[] = [];
    udp.on('message', (message) => datagrams.push(message.length));
    await new Promise<void>((done) => udp.bind(0, '127.0.0.1', done));
    const context = await browser.newContext();
    try {
      const page = await context.newPage();
      await page.goto(`http://127.0.0.1:${port}/page`);
      await page.locator('.start').waitFor();
      // In a script that the policy binds: what a page's own code could do. `evaluate` runs in the page's world, and its
      // requests are the page's.
      const outcomes = await page.evaluate(
        async ({ base, udpPort }) => {
          const results: Record<string, string> = {};
          const attempt = async (name: string, run: () => unknown): Promise<void> => {
            try {
              results[name] = String(await run());
            } catch (error) {
              results[name] = `refused: ${(error as Error).name}`;
            }
          };
          const element = (tag: string, set: Record<string, string>) => {
            const made = document.createElement(tag);
            for (const [key, value] of Object.entries(set)) made.setAttribute(key, value);
            document.body.append(made);
            return made;
          };
          await attempt('fetch', async () => (await fetch(`${base}/fetch`)).text());
          await attempt('beacon', () => navigator.sendBeacon(`${base}/beacon`, 'x'));
          await attempt(
            'image',
            () =>
              new Promise((done) => {
                const image = element('img', { src: `${base}/image` });
                image.onload = () => done('loaded');
                image.onerror = () => done('stopped');
              }),
          );
          await attempt('stylesheet', () => element('link', { rel: 'stylesheet', href: `${base}/style` }) && 'added');
          await attempt('prefetch', () => element('link', { rel: 'prefetch', href: `${base}/prefetch` }) && 'added');
          await attempt(
            'preload',
            () => element('link', { rel: 'preload', as: 'fetch', href: `${base}/preload` }) && 'added',
          );
          await attempt('iframe', () => element('iframe', { src: `${base}/iframe` }) && 'added');
          await attempt('object', () => element('object', { data: `${base}/object` }) && 'added');
          await attempt('script', () => element('script', { src: `${base}/script` }) && 'added');
          await attempt('form', () => {
            const form = element('form', { action: `${base}/form`, method: 'post' }) as HTMLFormElement;
            form.submit();
            return 'submitted';
          });
          await attempt(
            'websocket',
            () =>
              new Promise((done) => {
                const socket = new WebSocket(base.replace('http', 'ws'));
                socket.onopen = () => done('open');
                socket.onerror = () => done('stopped');
              }),
          );
          await attempt('eventsource', () => new EventSource(`${base}/events`) && 'made');
          await attempt('worker', () => new Worker(`${base}/worker.js`) && 'made');
          await attempt('import', () => import(/* @vite-ignore */ `${base}/module.js`));
          await attempt('webrtc', () => {
            const Peer = (globalThis as { RTCPeerConnection?: typeof RTCPeerConnection }).RTCPeerConnection;
            if (Peer === undefined) return 'none';
            const peer = new Peer({ iceServers: [{ urls: `stun:127.0.0.1:${udpPort}` }] });
            peer.createDataChannel('x');
            void peer.createOffer().then((offer) => peer.setLocalDescription(offer));
            return 'made';
          });
          await attempt('markup', () => {
            document.body.innerHTML = '<b>x</b>';
            return 'taken';
          });
          return results;
        },
        { base: `http://127.0.0.1:${port}`, udpPort: udp.address().port },
      );
      // A page without the policy gets through; what left the other one before it would have come before it.
      const free = await context.newPage();
      await free.goto(`http://127.0.0.1:${port}/free`);
      await free.evaluate(async () => (await fetch('/last')).text());
      expect(hits, JSON.stringify(outcomes)).toEqual(['/free', '/last']);
      expect(datagrams).toEqual([]);
      expect(outcomes).toMatchObject({ webrtc: 'none', markup: 'refused: TypeError', image: 'stopped' });
      expect(outcomes.fetch).toMatch(/^refused/);
    } finally {
      await context.close();
      udp.close();
    }
  });

  it('the code contains no navigation and no network call of its own', () => {
    const html = readFileSync(PAGE_FILE, 'utf8');
    const script = /<script>([\s\S]*)<\/script>/.exec(html)?.[1] ?? '';
    expect(script.length).toBeGreaterThan(100_000);
    for (const name of [
      /(?<![.\w$])location\s*(=(?!=)|\.|\[)/,
      /\b(window|document|self|globalThis|top|parent)\.location\b/,
      /window\.open\b/,
      /\bfetch\s*\(/,
      /XMLHttpRequest/,
      /sendBeacon/,
      /WebSocket/,
      /EventSource/,
      /\.submit\s*\(/,
      /\bimport\s*\(/,
      /\beval\s*\(/,
      /new Function\b/,
      /document\.write/,
      /serviceWorker/,
    ])
      expect(script.match(name)?.[0] ?? null, String(name)).toBeNull();
    const links = [...script.matchAll(/\.href\s*=\s*([^;,)]+)/g)].map((m) => m[1]);
    expect(links.every((link) => link?.startsWith('URL.createObjectURL'))).toBe(true);
  });

  it('is one file of at most 150 KB, whose policy allows nothing but its own script and style', () => {
    const bytes = readFileSync(PAGE_FILE);
    const html = bytes.toString('utf8');
    expect(gzipSync(bytes, { level: 9 }).length).toBeLessThanOrEqual(150 * 1024);
    const policy = /Content-Security-Policy" content="([^"]+)"/.exec(html)?.[1] ?? '';
    expect(policy.replace(/sha256-[\w+/=]+/g, 'sha256-…')).toBe(
      "default-src 'none'; script-src 'sha256-…' 'wasm-unsafe-eval'; style-src 'sha256-…'; connect-src 'none'; " +
        "form-action 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'; webrtc 'block'",
    );
    expect(html).not.toMatch(/\s(src|href)="(?!data:)/);
  });
});
