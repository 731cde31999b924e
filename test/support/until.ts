/**
 * Waits until something is so, and looks again in every turn of the event loop. For tests whose timers are fake, where vitest's own
 * `expect.poll` would move the clock; what never comes about ends with the test's time.
 */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
