import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Check } from '../../src/cli/checks.ts';
import { encodePlainKey, okvPaths, readKey, readNeeded, readPasswordFile } from '../../src/cli/okv/files.ts';
import { type ProbeOptions, probeServer } from '../../src/cli/okv/probe.ts';
import { hasPeer } from '../support/peers.ts';
import { deadAddress, type PykmipServer, startPykmip } from '../support/pykmip.ts';
import { commandIn } from './run.ts';

/** What probing is told: the material of a client folder. */
function optionsOf(directory: string, now = new Date()): ProbeOptions {
  const paths = okvPaths(directory);
  using password = readPasswordFile(paths.password);
  const key = encodePlainKey(readKey(readNeeded(paths.key), password, paths.key));
  return { pem: { ca: readNeeded(paths.ca), cert: readNeeded(paths.cert), key }, now, timeoutMs: 20_000 };
}

const bad = (checks: readonly Check[]): string[] =>
  checks.filter((c) => c.verdict !== 'ok').map((c) => `${c.verdict} ${c.name}: ${c.detail}`);

describe.skipIf(!hasPeer('pykmip') || !hasPeer('openssl'))('keyward okv check, the servers', () => {
  let server: PykmipServer;
  beforeAll(async () => {
    server = await startPykmip();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('asks each server: a dead primary fails, the standby that answers is described', async () => {
    const dead = `127.0.0.1:${deadAddress().port}`;
    const alive = `127.0.0.1:${server.port}`;
    const folder = server.clientFolder('check', { keyForm: 'des3', server: dead, standby: [alive] });
    const { status, out, err } = await commandIn(folder)(['okv', 'check', '.']);
    expect({ status, err }).toEqual({ status: 10, err: '' });
    expect(out).toMatch(new RegExp(`^fail +${dead} TLS +.*ECONNREFUSED`, 'm'));
    expect(out).toMatch(new RegExp(`^ok +${alive} TLS +TLSv1.2, ECDHE-ECDSA-`, 'm'));
    expect(out).toMatch(/^ok .* KMIP +version 1\.4$/m);
    expect(out).toContain('it has Create, Register, Locate, Get, GetAttributes, Activate, Revoke, Destroy');
    expect(out).toContain('no Add Attribute: mapping profile name');
    expect(out).toMatch(/ECONNREFUSED.*\n +hint: nothing listens there: is the server up, and is this its port\?\n/);
    expect(out).toMatch(/\n\nnot everything is as it should be; it works with 127/);
  });

  it('finds nothing wrong with a server that is as it should be', async () => {
    const checks = await probeServer({ host: 'localhost', port: server.port }, optionsOf(server.clientFolder('good')));
    expect(bad(checks)).toEqual([]);
    expect(checks.length).toBeGreaterThan(6);
  });

  it('says what is wrong with the certificate of a server, all of it', async () => {
    const folder = server.clientFolder('elsewhere');
    const inYears = new Date(Date.now() + 11 * 365.25 * 86_400_000);
    const options = optionsOf(folder, inYears);
    const foreign = { ...options, pem: { ...options.pem, ca: readNeeded(server.client().cert) } };
    const checks = await probeServer({ host: '127.0.0.1', port: server.port }, foreign);
    expect(bad(checks)).toEqual([
      expect.stringMatching(/^fail .* certificate: CN=localhost; expired on /),
      expect.stringMatching(/^fail .* certificate: it is not trusted \([A-Z_]+\)$/),
      expect.stringMatching(/^fail .* KMIP: tls: the server's certificate does not come from an authority/),
    ]);
    // The same machine by a name that the certificate does not have.
    const other = await probeServer({ host: '127.0.0.2', port: server.port }, optionsOf(folder));
    expect(bad(other).join('\n')).toMatch(
      /is not for 127\.0\.0\.2: DNS:localhost, IP Address:127\.0\.0\.1|ECONNREFUSED/,
    );
  });

  it('says that a server refuses the certificate of the client', async () => {
    server.client('no-client', { usage: 'serverAuth' });
    const folder = server.clientFolder('refused', { client: 'no-client' });
    const checks = await probeServer({ host: '127.0.0.1', port: server.port }, optionsOf(folder));
    expect(bad(checks).join('\n')).toMatch(/certificate/i);
    expect(checks.at(-1)?.verdict).toBe('fail');
    expect(checks.at(-1)?.hint).toMatch(/extended key usage/);
  });
});
