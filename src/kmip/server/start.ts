/** `startKmipServer`: the engine on a home's store, behind its listener, with what may stand beside it. Layer: kmip/server, Node only. */
import { UsageError } from '../../errors.ts';
import { type AuditLog, openAuditLog } from './audit-log.ts';
import { createEngine, type Engine, type EngineOptions } from './engine.ts';
import { type Fault, faultySend } from './faults.ts';
import { httpProfile } from './http-profile.ts';
import { DEFAULT_LIMITS } from './listener.ts';
import { Metrics, type MetricsListener, startMetricsListener } from './metrics.ts';
import { type KmipServer, type KmipServerOptions, serveHome } from './server.ts';

/** Options of `startKmipServer`. Unknown ones are refused. */
export interface StartOptions extends KmipServerOptions {
  /** Of the engine; the store and the observer are the server's own. */
  readonly engine?: Omit<EngineOptions, 'store' | 'observe'>;
  /** File that gets one JSON line per request item: who, what, which object, result. Default: none. */
  readonly auditLog?: string;
  /** Loopback port for counters and latencies, Prometheus text at `/metrics`; 0: any free one. Default: none. */
  readonly metricsPort?: number;
  /** What goes wrong on purpose, for tests of clients. Default: nothing. */
  readonly faults?: readonly Fault[];
}

/** A server at work, with its metrics. */
export interface StartedKmipServer extends KmipServer {
  /** Port of the metrics; null where there are none. */
  readonly metricsPort: number | null;
}

/**
 * Serves a home: KMIP 1.0 to 1.4 over TLS, and `POST /kmip` on the same port (HTTPS profile). Clients show a certificate of the home's
 * authority; objects belong to its common name.
 *
 * @throws {StateError} ERR_SERVER_HOME_MISSING, ERR_SERVER_RUNNING, ERR_STORE_HEAD, ERR_STORE_OLD, ERR_STORE_EPOCH
 * @throws {AuthenticationError} ERR_WRONG_PASSWORD, ERR_STORE_RECORD; {UsageError} ERR_OPTION, ERR_LMDB_MISSING
 * @example
 * await initKmipHome({ home: './kmip', password });
 * await using server = await startKmipServer({ home: './kmip', password, port: 0 });
 */
export async function startKmipServer(options: StartOptions): Promise<StartedKmipServer> {
  assertKnown(options);
  const { engine: engineOptions = {}, auditLog, metricsPort, faults = [], ...rest } = options;
  const audit = auditLog === undefined ? undefined : await openAuditLog(auditLog);
  const metrics = metricsPort === undefined ? undefined : new Metrics();
  let engine: Engine | undefined;
  let metricsListener: MetricsListener | undefined;
  const closeBeside = async (): Promise<void> => {
    await metricsListener?.close();
    await audit?.close();
  };
  try {
    const http = httpProfile((request, client) => (engine as Engine).handle(request, client), {
      ...DEFAULT_LIMITS,
      ...rest.limits,
    });
    const server = await serveHome(
      rest,
      (store) => {
        const made = createEngine({ clock: preciseClock(), ...engineOptions, store, ...observer(audit, metrics) });
        engine = made;
        return (request, client) => made.handle(request, client);
      },
      { http, ...(faults.length > 0 && { send: faultySend(faults) }) },
    );
    metrics?.watch(server);
    if (metrics !== undefined && metricsPort !== undefined)
      metricsListener = await startMetricsListener(metrics, metricsPort).catch(async (error: unknown) => {
        await server.close();
        throw error;
      });
    return withBeside(server, metricsListener?.port ?? null, closeBeside);
  } catch (error) {
    await closeBeside();
    throw error;
  }
}

/** The server with another thing to close after it. */
function withBeside(
  server: KmipServer,
  metricsPort: number | null,
  closeBeside: () => Promise<void>,
): StartedKmipServer {
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= server.close().finally(closeBeside);
    return closing;
  };
  return {
    get host() {
      return server.host;
    },
    get port() {
      return server.port;
    },
    get connections() {
      return server.connections;
    },
    get objects() {
      return server.objects;
    },
    get outdated() {
      return server.outdated;
    },
    metricsPort,
    refresh: () => server.refresh(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function observer(audit: AuditLog | undefined, metrics: Metrics | undefined): Pick<EngineOptions, 'observe'> {
  if (audit === undefined && metrics === undefined) return {};
  return {
    observe: (event) => {
      metrics?.count(event);
      audit?.write(event);
    },
  };
}

/** How far the two clocks may be apart, milliseconds: `Date.now` counts whole ones. */
const CLOCK_SLACK_MS = 2;

/** The system's time in fractions of milliseconds, so that what takes less than one can be measured. Follows when the clock is set. */
function preciseClock(): () => number {
  let offset = Date.now() - performance.now();
  return () => {
    const wall = Date.now();
    const precise = performance.now() + offset;
    if (Math.abs(precise - wall) <= CLOCK_SLACK_MS) return precise;
    offset = wall - performance.now();
    return wall;
  };
}

const OPTIONS = [
  'home',
  'password',
  'host',
  'port',
  'limits',
  'refreshMs',
  'onEvent',
  'engine',
  'auditLog',
  'metricsPort',
  'faults',
] as const satisfies readonly (keyof StartOptions)[];

function assertKnown(options: StartOptions): void {
  const known: readonly string[] = OPTIONS;
  for (const option of Object.keys(options))
    if (!known.includes(option)) throw new UsageError('ERR_OPTION', `unknown option ${option}`);
}
