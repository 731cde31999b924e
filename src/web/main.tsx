/** Starts the page. What could talk to others without asking the policy is taken away first. */
import { render } from 'preact';
import { init } from '../core/index.ts';
import type { KeywardError } from '../errors.ts';
import { App } from './app.tsx';
import { Facts } from './facts.ts';

for (const name of ['RTCPeerConnection', 'webkitRTCPeerConnection', 'RTCDataChannel'])
  Reflect.deleteProperty(globalThis, name);
void start();

async function start(): Promise<void> {
  const root = document.getElementById('root');
  if (root === null) return;
  const bytes = await unpack(document.querySelector<HTMLTemplateElement>('template#core')?.content.textContent ?? '');
  let failure: string | null = null;
  try {
    init(bytes);
  } catch (error) {
    const { message, hint } = error as KeywardError;
    failure = `${message} (${hint})`;
  }
  render(<App facts={new Facts(bytes, failure)} />, root);
}

/** The core's module: base64 of raw DEFLATE, which every browser unpacks. */
async function unpack(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const packed = Uint8Array.from(atob(text.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
