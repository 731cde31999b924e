/**
 * A Tencent Cloud KMS on loopback, for tests and for trying: real signatures and ciphertexts, injected faults. Not a service to keep
 * keys in. Node only.
 *
 * @module keyward/kms/emulator
 */
export type { Cmk, CmkState, WalletHolder } from './cmk-store.ts';
export {
  type EmulatorOptions,
  type EmulatorRecord,
  type Fault,
  KmsEmulator,
  startKmsEmulator,
} from './emulator.ts';
export type { EmulatorCredentials } from './verify.ts';
