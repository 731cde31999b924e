/** Watches which strings are made of bytes: what must never be done with a key. Node only. */
import { vi } from 'vitest';

/** Does some work and gives every string that was made of bytes meanwhile. */
export async function stringsMadeBy(work: () => unknown): Promise<readonly string[]> {
  const made: string[] = [];
  const spies = [
    ...(['toString', 'toLocaleString', 'latin1Slice', 'asciiSlice', 'utf8Slice'] as const).map((name) =>
      vi.spyOn(Buffer.prototype as unknown as Record<string, () => string>, name),
    ),
    vi.spyOn(String, 'fromCharCode'),
    vi.spyOn(TextDecoder.prototype, 'decode'),
  ];
  try {
    await work();
    for (const { mock } of spies)
      for (const { type, value } of mock.results) if (type === 'return') made.push(String(value));
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return made;
}
