/**
 * A KMIP client over TLS: version negotiation, a pool of connections, fail-over between servers; resends only what is safe to
 * resend. It tells what it does on `node:diagnostics_channel`, without secrets. Node only.
 *
 * @module keyward/kmip/client
 */
export {
  type BatchOptions,
  connectKmip,
  type KmipCapabilities,
  type KmipClient,
  type LocateAllOptions,
} from './client.ts';
export type { CloseEvent, ConnectEvent, CredentialsEvent, FailoverEvent, RequestEvent } from './events.ts';
export type { LocateFilter } from './locate.ts';
export {
  type CallOptions,
  type Credentials,
  KMIP_PORT,
  type KmipClientOptions,
  type PasswordSource,
  type PemCredentials,
  type Pkcs12Credentials,
  type ServerAddress,
  type Source,
  type TlsOptions,
} from './options.ts';
export { isRepeatable } from './resend.ts';
