/** The door of the KMS emulator: Node only. */
export type { Cmk, CmkState, WalletHolder } from './cmk-store.ts';
export {
  type EmulatorOptions,
  type EmulatorRecord,
  type Fault,
  KmsEmulator,
  startKmsEmulator,
} from './emulator.ts';
export type { EmulatorCredentials } from './verify.ts';
