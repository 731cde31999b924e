import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectKmip } from '../../../src/kmip/client/index.ts';
import type { RequestItem, ResponseItem } from '../../../src/kmip/index.ts';
import { type CertificateFiles, makeAuthority, type TestAuthority } from '../../support/certificates.ts';
import { answerItem, refuseItem, startFakeKmipServer } from '../../support/fake-kmip-server.ts';
import { hasPeer, makeTempFolder } from '../../support/peers.ts';

describe.skipIf(!hasPeer('openssl'))('capabilities', () => {
  const folder = makeTempFolder();
  let authority: TestAuthority;
  let certificate: CertificateFiles;
  let own: CertificateFiles;
  beforeAll(() => {
    authority = makeAuthority(folder.path, 'ecdsa');
    certificate = authority.issue('server', { commonName: 'x', usage: 'serverAuth', subjectAltName: 'IP:127.0.0.1' });
    own = authority.issue('client', { commonName: 'client-a', usage: 'clientAuth' });
  });
  afterAll(() => folder[Symbol.dispose]());

  /** Asks twice a server that refuses the first Query. */
  async function askTwice(resultReason: string): Promise<{ readonly answers: unknown[]; readonly queries: number }> {
    await using server = await startFakeKmipServer({
      authority,
      certificate,
      script: (exchange) => {
        const refuse = (item: RequestItem): ResponseItem => refuseItem(item, resultReason, 'not now');
        exchange.answer(exchange.request.batchItem.map(exchange.number === 1 ? refuse : answerItem));
      },
    });
    const credentials = { ca: { file: authority.ca }, cert: { file: own.cert }, key: { file: own.key } };
    await using client = await connectKmip({ servers: [server], credentials });
    const answers: unknown[] = [];
    for (let n = 0; n < 2; n++) answers.push(await client.capabilities().catch((error: unknown) => error));
    const queries = server.received.filter(({ batchItem }) => batchItem[0]?.operation === 'Query').length;
    return { answers, queries };
  }

  it('regression: a refusal of Query that may pass is an error, and asked again; not what the server can do', async () => {
    const { answers, queries } = await askTwice('GeneralFailure');
    expect(answers[0]).toMatchObject({ name: 'ProtocolError', operation: 'Query', resultReason: 'GeneralFailure' });
    expect((answers[1] as { operations: Set<string> }).operations).toContain('Locate');
    expect(queries).toBe(2);
  });

  it.each(['OperationNotSupported', 'PermissionDenied'])('null of a server that does not tell: %s', async (reason) => {
    expect(await askTwice(reason)).toEqual({ answers: [null, null], queries: 1 });
  });
});
