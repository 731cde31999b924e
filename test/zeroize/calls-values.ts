/** What the calls of the zero-memory lane are made with. No byte of it is zero, so that each would be seen. Layer: test only. */
import * as core from '../../src/core/index.ts';
import { Secret } from '../../src/secret.ts';

/** The functions of the core's door, by name. */
export type Calls = Readonly<Partial<Record<keyof typeof core, Paths>>>;

/** What a call does when it works, and the error's code when it does not. */
export interface Paths {
  readonly works: readonly (() => unknown)[];
  readonly fails: readonly (readonly [code: string, () => unknown])[];
}

/** Bytes of which none is zero, so that each would be seen. */
export const bytes = (count: number, from = 1): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length: count }, (_, i) => 1 + ((i * 7 + from) % 255));
/** A copy with one bit of one byte changed. */
export const changed = (b: Uint8Array, at = 0): Uint8Array<ArrayBuffer> =>
  new Uint8Array(b).map((byte, i) => (i === at ? byte ^ 1 : byte));
/** Larger than a window (64 KiB) and, with `HUGE`, than the arena (8 MiB). */
export const LARGE = 200_000;
export const HUGE: number = 8 * 1024 * 1024 + 64;

export const kek: Uint8Array<ArrayBuffer> = bytes(32);
export const iv: Uint8Array<ArrayBuffer> = bytes(16, 9);
export const key: Uint8Array<ArrayBuffer> = bytes(32, 50);
export const disposedKek: core.Kek = core.importKek(kek);
disposedKek.dispose();
export const disposed: Secret = Secret.from(kek);
disposed.dispose();
export const noBytes: Uint8Array = 'no bytes' as unknown as Uint8Array;

/** Failures that every function with a key or bytes has. */
export const badKeys = (use: (key: core.KeyBytes | core.Kek) => unknown): Paths['fails'] => [
  ['ERR_KEY_LENGTH', () => use(bytes(31))],
  ['ERR_BYTES_TYPE', () => use(noBytes)],
  ['ERR_SECRET_DISPOSED', () => use(disposed)],
  ['ERR_KEK_DISPOSED', () => use(disposedKek)],
];

/** A callback that throws, with a code. */
export function fail(): never {
  throw Object.assign(new Error(), { code: 'THROWN' });
}
