import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { openKeyring } from '../../../src/keyring/index.ts';
import { initKmipHome, type StartedKmipServer, startKmipServer } from '../../../src/kmip/server/index.ts';
import { makeTempFolder } from '../../support/peers.ts';
import { conformance } from '../conformance.ts';

describe('keyring over the embedded server', () => {
  const folder = makeTempFolder();
  const home = join(folder.path, 'home');
  let server: StartedKmipServer;
  beforeAll(async () => {
    await initKmipHome({ home, password: 'pw', port: 0, clients: ['alice'], wallet: { iterations: 1000 } });
    server = await startKmipServer({ home, password: 'pw' });
  });
  afterAll(async () => {
    await server?.close();
    folder[Symbol.dispose]();
  });

  conformance('kmip over the embedded server, profile okv', {
    open: () => openKeyring({ backend: 'kmip', directory: join(home, 'clients', 'alice'), refreshMs: 0 }),
    durable: true,
    anyType: false,
  });

  conformance('kmip over the embedded server, profile name', {
    open: () =>
      openKeyring({
        backend: 'kmip',
        directory: join(home, 'clients', 'alice'),
        profile: 'name',
        instance: 'b',
        refreshMs: 0,
      }),
    durable: true,
    anyType: false,
  });
});
