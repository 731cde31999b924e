/** What the back end needs of a KMIP client: a `KmipClient` fits, and so does the tests' server in memory. Layer: keyring. */
import type {
  Attribute,
  OperationName,
  RequestItem,
  RequestPayloads,
  ResponseItem,
  ResponsePayloads,
} from '../../kmip/index.ts';
import type { CallOptions } from '../keyring.ts';

/** What a server says that it can do. */
export interface PortCapabilities {
  /** Names of operations; numbers of those that have none. */
  readonly operations: ReadonlySet<string | number>;
}

/** Requests to a server. */
export interface KmipPort {
  /** Sends one operation. Fails with a ProtocolError, or a TransportError: ERR_KMIP_OUTCOME_UNKNOWN when it may have been done. */
  request<O extends OperationName>(
    operation: O,
    payload: RequestPayloads[O],
    options?: CallOptions,
  ): Promise<ResponsePayloads[O]>;
  /** Sends several as one message; one that fails does not stop the next. Fails as a whole where the server takes no batches. */
  batch(
    items: readonly RequestItem[],
    options?: CallOptions & { readonly onError: 'continue' },
  ): Promise<readonly ResponseItem[]>;
  /** Finds the objects that have all these attributes; some servers give more. */
  locateAll(attributes: readonly Attribute[], options?: CallOptions): Promise<readonly string[]>;
  /** null where the server refuses to say. */
  capabilities(options?: CallOptions): Promise<PortCapabilities | null>;
  close(): Promise<void>;
}
