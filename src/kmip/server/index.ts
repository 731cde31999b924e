/**
 * The embedded KMIP server: a home directory with its certificates and its wallet, TLS and HTTPS listeners, the operations, and the
 * object store whose records are wrapped and authenticated one by one. Node only.
 *
 * @module keyward/kmip/server
 */
export type { Defer } from './asynchronous.ts';
export type { OperationEvent } from './batch.ts';
export type { Client } from './context.ts';
export { createEngine, type Engine, type EngineOptions } from './engine.ts';
export { type Fault, parseFault } from './faults.ts';
export type { Head } from './head.ts';
export {
  addKmipClient,
  type EnrolledClient,
  type EnrolOptions,
  type InitOptions,
  initKmipHome,
  KMIP_PORT,
  type RotatedKey,
  rotateServerKey,
} from './home.ts';
export { type KeyValueChange, type KeyValueStore, MemoryKeyValueStore, type MemoryStoreOptions } from './key-value.ts';
export type { ConnectionLimits } from './listener.ts';
export { assertLmdb, openLmdbStore } from './lmdb-store.ts';
export { memoryObjectKeys, type ObjectKeys, walletObjectKeys } from './object-keys.ts';
export { type ObjectStoreOptions, openObjectStore, type RewrapLimits, type SealedObjectStore } from './object-store.ts';
export type { QuirkName } from './quirks.ts';
export type { KmipServer, KmipServerOptions, ServerEvent } from './server.ts';
export { type StartedKmipServer, type StartOptions, startKmipServer } from './start.ts';
export type {
  IndexEntry,
  ObjectChange,
  ObjectFacts,
  ObjectStore,
  ObjectTransaction,
  Savepoint,
  StoredObject,
} from './store.ts';
