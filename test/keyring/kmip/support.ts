/** Keyrings over a port, with clocks that tests set. */
import type { Keyring } from '../../../src/keyring/index.ts';
import { OKV_ATTRIBUTE_NAMES } from '../../../src/keyring/kmip/attribute-names.ts';
import { createKmipBackend, type KmipBackendOptions } from '../../../src/keyring/kmip/backend.ts';
import type { KmipPort } from '../../../src/keyring/kmip/port.ts';
import type { RuleSet } from '../../../src/keyring/rules.ts';
import { createKeyring } from '../../../src/keyring/service.ts';

/** A keyring over a port; looks at the server every time, and does not wait, unless told otherwise. */
export async function keyringOver(
  port: KmipPort,
  options: Partial<KmipBackendOptions> = {},
  rules: RuleSet = 'okv',
): Promise<Keyring> {
  const backend = await createKmipBackend(port, {
    profile: null,
    attributeNames: OKV_ATTRIBUTE_NAMES,
    instance: 'test',
    cacheKeys: true,
    refreshMs: 0,
    graceMs: 600_000,
    timeoutMs: 30_000,
    maxRounds: 40,
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    clock: () => performance.now(),
    now: () => Date.now(),
    // Some turns of the event loop, not time: the longer the pause, the more.
    sleep: async (ms) => {
      for (let turn = 0; turn < Math.min(50, ms / 5); turn++) await new Promise((resolve) => setImmediate(resolve));
    },
    ...options,
  });
  return createKeyring(backend, rules);
}
