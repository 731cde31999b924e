/**
 * What a client tells those who listen, on `node:diagnostics_channel`. Payloads name their fields here and nowhere else; none
 * of them holds a payload of a message, an identifier of an object, a password or a key. With nobody listening a channel
 * costs one look. Layer: kmip/client, Node only.
 *
 * | channel                    | when                                                                        |
 * | -------------------------- | --------------------------------------------------------------------------- |
 * | `keyward:kmip:connect`     | an attempt at a connection has ended, well or not                            |
 * | `keyward:kmip:close`       | a connection was closed, by whomever                                         |
 * | `keyward:kmip:request`     | a request was answered, or its connection failed                             |
 * | `keyward:kmip:failover`    | another server than the last one is used from here on                        |
 * | `keyward:kmip:credentials` | files of the credentials have changed and were read again, well or not       |
 */
import { channel } from 'node:diagnostics_channel';

/** Payload of `keyward:kmip:connect`. */
export interface ConnectEvent {
  /** `host:port`. */
  readonly server: string;
  readonly durationMs: number;
  /** How far the attempt got: `ready` when it succeeded, else the phase in which it failed. */
  readonly phase: string;
  /** Why it failed; null when it did not. */
  readonly error: string | null;
  /** `TLSv1.2`, `TLSv1.3`; null before the handshake was over. */
  readonly tls: string | null;
  /** The cipher suite by its IANA name; null before the handshake was over. */
  readonly cipher: string | null;
  /** The protocol version agreed on; null when it did not get that far. */
  readonly version: string | null;
}

/** Payload of `keyward:kmip:close`. */
export interface CloseEvent {
  readonly server: string;
  /** `idle`, `age`, `client` (close was called), `peer` (it ended or broke) or `error` (its answer could not be used). */
  readonly reason: 'idle' | 'age' | 'client' | 'peer' | 'error';
  /** Number of requests that it carried. */
  readonly requests: number;
  readonly ageMs: number;
}

/** Payload of `keyward:kmip:request`. */
export interface RequestEvent {
  readonly server: string;
  readonly version: string;
  /** The operations of the batch, in order. */
  readonly operations: readonly string[];
  /** 1 for the first sending, 2 for the first that was sent again. */
  readonly attempt: number;
  readonly durationMs: number;
  readonly requestBytes: number;
  /** 0 when there was no answer. */
  readonly responseBytes: number;
  /** The code of the error when there was no usable answer; null when there was one, failed operations included. */
  readonly error: string | null;
  /** Result Reason per item of the answer; null for one that succeeded. */
  readonly resultReasons: readonly (string | number | null)[];
}

/** Payload of `keyward:kmip:failover`. */
export interface FailoverEvent {
  readonly from: string;
  readonly to: string;
}

/** Payload of `keyward:kmip:credentials`. */
export interface CredentialsEvent {
  readonly files: readonly string[];
  /** The code of the error that leaves the old ones in use; null when the new ones are. */
  readonly error: string | null;
}

const connect = /* @__PURE__ */ channel('keyward:kmip:connect');
const close = /* @__PURE__ */ channel('keyward:kmip:close');
const request = /* @__PURE__ */ channel('keyward:kmip:request');
const failover = /* @__PURE__ */ channel('keyward:kmip:failover');
const credentials = /* @__PURE__ */ channel('keyward:kmip:credentials');

/** Says whether anybody wants to know of requests: their events cost something to make. */
export function wantsRequests(): boolean {
  return request.hasSubscribers;
}

export function publishConnect(event: ConnectEvent): void {
  if (connect.hasSubscribers) connect.publish(event);
}

export function publishClose(event: CloseEvent): void {
  if (close.hasSubscribers) close.publish(event);
}

export function publishRequest(event: RequestEvent): void {
  request.publish(event);
}

export function publishFailover(event: FailoverEvent): void {
  if (failover.hasSubscribers) failover.publish(event);
}

export function publishCredentials(event: CredentialsEvent): void {
  if (credentials.hasSubscribers) credentials.publish(event);
}
