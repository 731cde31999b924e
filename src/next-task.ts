/** Giving way: work that takes long lets timers, I/O and events through. Layer: shared by all rooms; internal. */

/**
 * Resolves in a later task: timers, I/O and events come first. Where there is `setImmediate` it takes that: the loops of Deno and
 * Bun let messages go before timers, so that a deadline or an abort would wait for the end of the work. Browsers do not have it, and
 * hold timers back for 4 ms, but not messages.
 */
export function nextTask(): Promise<void> {
  if (immediate !== undefined) return new Promise(immediate);
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/** As it is at import, so that a program's fake timers do not stop the work. */
const immediate: ((task: () => void) => unknown) | undefined = globalThis.setImmediate;
