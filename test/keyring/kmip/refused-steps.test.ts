import { describe, expect, it } from 'vitest';
import { FakeServer, refusal } from './fake-server.ts';
import { keyringOver } from './support.ts';

describe('a step that the server always refuses', () => {
  it.each(['Activate', 'AddAttribute'])('is named by the error, and nothing is left: %s', async (operation) => {
    const server = new FakeServer();
    const port = server.port((name) =>
      name === operation ? refusal(name, 'PermissionDenied', 'not for you') : 'answered',
    );
    await using keyring = await keyringOver(port);
    for (const make of [
      () => keyring.generate('x', 'AES', 16),
      () => keyring.store('x', 'SECRET', Uint8Array.of(1, 2, 3)),
    ])
      await expect(make()).rejects.toMatchObject({ name: 'ProtocolError', operation });
    expect(server.living).toEqual([]);
  });
});
