/** The audit log and the metrics, against clients that choose what is written there. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openAuditLog } from '../../../src/kmip/server/audit-log.ts';
import type { OperationEvent } from '../../../src/kmip/server/batch.ts';
import { Metrics } from '../../../src/kmip/server/metrics.ts';

const EVENT: OperationEvent = {
  owner: 'client',
  version: '1.4',
  operation: 'Get',
  uniqueIdentifier: 'a',
  resultStatus: 'Success',
  resultReason: undefined,
  durationMs: 1,
};

async function logged(events: readonly OperationEvent[]): Promise<Record<string, unknown>[]> {
  const folder = mkdtempSync(join(tmpdir(), 'keyward-audit-'));
  try {
    const log = await openAuditLog(join(folder, 'log'));
    for (const event of events) log.write(event);
    await log.close();
    const lines = readFileSync(join(folder, 'log'), 'utf8').trim().split('\n');
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

it('an identifier of any length takes 128 characters of a line', async () => {
  const [line] = await logged([{ ...EVENT, uniqueIdentifier: 'x'.repeat(1 << 20) }]);
  expect(line?.object).toBe('x'.repeat(128));
});

it('lines beyond what may wait for the disk are counted, not kept', async () => {
  const asked = 100_000;
  const lines = await logged(Array.from({ length: asked }, () => EVENT));
  const told = lines.at(-1) as { readonly lost: number };
  expect(told.lost).toBeGreaterThan(0);
  expect(lines.length - 1 + told.lost).toBe(asked);
  expect(lines.length).toBeGreaterThan(50_000);
});

it('operations that there are none of share one label', () => {
  const metrics = new Metrics();
  for (let i = 0; i < 1000; i++) metrics.count({ ...EVENT, operation: String(1000 + i) });
  for (const operation of ['Get', 'Poll', 'toString', undefined]) metrics.count({ ...EVENT, operation });
  const totals = metrics.format().match(/^keyward_kmip_requests_total.*$/gm);
  expect(totals).toEqual(
    [
      ['Get', 1],
      ['Poll', 1],
      ['unknown', 1001],
      ['unreadable', 1],
    ].map(([label, count]) => `keyward_kmip_requests_total{operation="${label}",result="Success"} ${count}`),
  );
});
