/**
 * Counters and latencies of a server as Prometheus text (exposition format 0.0.4), served on a loopback port of its own, where nothing
 * but `GET /metrics` is answered. Labels are operations and results: never owners, never objects. Layer: kmip/server, Node only.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { OperationEvent } from './batch.ts';
import { HANDLERS } from './operations/index.ts';
import type { KmipServer } from './server.ts';

/** Upper bounds of the latency buckets, seconds. */
const BUCKETS = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5] as const;
const LOOPBACK = '127.0.0.1';

interface Series {
  /** Requests by result: `Success`, or the reason of the failure. */
  readonly results: Map<string, number>;
  readonly buckets: number[];
  sumSeconds: number;
  count: number;
}

/** What has happened so far. */
export class Metrics {
  readonly #series = new Map<string, Series>();
  #server: Pick<KmipServer, 'objects' | 'connections' | 'outdated'> | undefined;

  /** Whose gauges to show. */
  watch(server: Pick<KmipServer, 'objects' | 'connections' | 'outdated'>): void {
    this.#server = server;
  }

  count({ operation: asked, resultStatus, resultReason, durationMs }: OperationEvent): void {
    const operation = labelOf(asked);
    let series = this.#series.get(operation);
    if (series === undefined) {
      series = { results: new Map(), buckets: BUCKETS.map(() => 0), sumSeconds: 0, count: 0 };
      this.#series.set(operation, series);
    }
    const result = resultReason ?? resultStatus;
    const seconds = durationMs / 1000;
    series.results.set(result, (series.results.get(result) ?? 0) + 1);
    for (const [i, bound] of BUCKETS.entries()) if (seconds <= bound) series.buckets[i] = (series.buckets[i] ?? 0) + 1;
    series.sumSeconds += seconds;
    series.count++;
  }

  /** Formats everything as Prometheus text. */
  format(): string {
    const requests = heading('keyward_kmip_requests_total', 'counter', 'Request items by operation and result.');
    const durations = heading(
      'keyward_kmip_request_seconds',
      'histogram',
      'Time of a request item, without its commit.',
    );
    for (const [operation, { results, buckets, sumSeconds, count }] of [...this.#series].sort()) {
      for (const [result, times] of [...results].sort())
        requests.push(`keyward_kmip_requests_total{operation="${operation}",result="${result}"} ${times}`);
      const name = 'keyward_kmip_request_seconds';
      for (const [i, bound] of BUCKETS.entries())
        durations.push(`${name}_bucket{operation="${operation}",le="${bound}"} ${buckets[i]}`);
      durations.push(`${name}_bucket{operation="${operation}",le="+Inf"} ${count}`);
      durations.push(`${name}_sum{operation="${operation}"} ${sumSeconds}`);
      durations.push(`${name}_count{operation="${operation}"} ${count}`);
    }
    const { objects = 0, connections = 0, outdated = 0 } = this.#server ?? {};
    const gauge = (name: string, help: string, value: number): string[] => [
      ...heading(name, 'gauge', help),
      `${name} ${value}`,
    ];
    const gauges = [
      ...gauge('keyward_kmip_objects', 'Objects in the store.', objects),
      ...gauge('keyward_kmip_connections', 'Connected clients.', connections),
      ...gauge('keyward_kmip_objects_outdated', 'Objects sealed under an older master key.', outdated),
    ];
    return `${[...requests, ...durations, ...gauges].join('\n')}\n`;
  }
}

/** A metrics endpoint at work. */
export interface MetricsListener {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves metrics on a loopback port; 0: any free one. @throws {Error} Node's own, with `code` */
export async function startMetricsListener(metrics: Metrics, port: number): Promise<MetricsListener> {
  const server = createServer((request, response) => {
    if (request.method === 'GET' && request.url === '/metrics') {
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(metrics.format());
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, LOOPBACK, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A label that clients cannot multiply: a number that stands for no operation is not one of its own. */
function labelOf(operation: string | undefined): string {
  if (operation === undefined) return 'unreadable';
  return operation === 'Poll' || Object.hasOwn(HANDLERS, operation) ? operation : 'unknown';
}

function heading(name: string, type: string, help: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}
