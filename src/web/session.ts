/**
 * What the page knows at a time, and what can happen to it: a file comes in, is opened, is locked. Secrets live in the opened file
 * only, and go with it: on Lock, five minutes after the last key or pointer, a minute after the page was hidden, at once
 * when it is left. Layer: web; knows no DOM beyond the events that lock.
 */
import {
  type Dissection,
  dissectDer,
  dissectTtlv,
  inspect,
  type OpenedFile,
  openFile,
  type Report,
  ttlvBytes,
} from '../inspect/index.ts';

/** Larger files are not read: nothing that this page knows is larger. */
export const MAX_FILE_BYTES: number = 64 * 1024 * 1024;
const IDLE_MS = 5 * 60_000;
const HIDDEN_MS = 60_000;
/** PBKDF2 iterations a second before anything was measured. */
const ASSUMED_RATE = 1_000_000;

/** A file that was looked at. */
export interface Loaded {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly report: Report;
}

/** A derivation of keys that is running. */
export interface Unlocking {
  /** Between 0 and 1; a guess from the time that has gone where the browser derives. */
  readonly fraction: number;
  readonly secondsLeft: number;
}

/** Why opening did not work: a calm line, or nothing. */
export type Notice =
  | { readonly kind: 'wrong-password' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'locked'; readonly why: 'idle' | 'hidden' }
  | { readonly kind: 'error'; readonly code: string; readonly message: string };

/** The state that views are made of. */
export interface SessionState {
  readonly file: Loaded | null;
  readonly opened: OpenedFile | null;
  /** The other wallet of a comparison. */
  readonly other: { readonly name: string; readonly opened: OpenedFile } | null;
  readonly unlocking: Unlocking | null;
  readonly notice: Notice | null;
}

const EMPTY: SessionState = { file: null, opened: null, other: null, unlocking: null, notice: null };

/** The page's one session. */
export class Session {
  #state: SessionState = EMPTY;
  readonly #listeners = new Set<() => void>();
  #abort: AbortController | null = null;
  #idle: ReturnType<typeof setTimeout> | undefined;
  #hidden: ReturnType<typeof setTimeout> | undefined;
  #rate = ASSUMED_RATE;

  get state(): SessionState {
    return this.#state;
  }

  /** Calls `listener` after each change, until the function returned is called. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Looks at a file. Whatever was open is locked first. */
  async load(name: string, bytes: Uint8Array): Promise<void> {
    this.clear();
    if (bytes.length > MAX_FILE_BYTES) {
      this.#set({ notice: { kind: 'too-large' } });
      return;
    }
    const sha256 = await digestOf(bytes);
    this.#set({ file: { name, bytes, report: inspect(bytes, sha256 === null ? {} : { sha256 }) } });
  }

  /** Opens the file with a password; null for an auto-login wallet. */
  async unlock(password: string | null, owner?: { readonly host: string; readonly user: string }): Promise<void> {
    const { file } = this.#state;
    if (file === null) return;
    const opened = await this.#open(file.bytes, password, owner);
    if (opened === null) return;
    if (this.#state.file !== file) {
      opened.dispose();
      return;
    }
    this.#state.opened?.dispose();
    this.#set({ opened, notice: null });
    this.touch();
  }

  /** Opens a second wallet, to compare it with the first. */
  async compareWith(name: string, bytes: Uint8Array, password: string | null): Promise<void> {
    const opened = await this.#open(bytes, password);
    if (opened === null) return;
    if (this.#state.opened === null) {
      opened.dispose();
      return;
    }
    this.#state.other?.opened.dispose();
    this.#set({ other: { name, opened }, notice: null });
    this.touch();
  }

  /** Ends a derivation that is running. */
  cancel(): void {
    this.#abort?.abort();
  }

  /** Wipes every secret; the file stays, as it is seen without its password. */
  lock(why?: 'idle' | 'hidden'): void {
    this.cancel();
    const { opened, other } = this.#state;
    if (opened === null && other === null) return;
    opened?.dispose();
    other?.opened.dispose();
    this.#set({ opened: null, other: null, notice: why === undefined ? null : { kind: 'locked', why } });
  }

  /** Locks, and forgets the file. */
  clear(): void {
    this.lock();
    this.#state.file?.bytes.fill(0);
    this.#state = EMPTY;
    this.#changed();
  }

  /** The user is there. */
  touch(): void {
    clearTimeout(this.#idle);
    if (this.#state.opened !== null) this.#idle = setTimeout(() => this.lock('idle'), IDLE_MS);
  }

  /** The page was hidden, or is seen again. */
  visibility(hidden: boolean): void {
    clearTimeout(this.#hidden);
    if (hidden) this.#hidden = setTimeout(() => this.lock('hidden'), HIDDEN_MS);
  }

  dismiss(): void {
    this.#set({ notice: null });
  }

  async #open(
    bytes: Uint8Array,
    password: string | null,
    owner?: { readonly host: string; readonly user: string },
  ): Promise<OpenedFile | null> {
    this.cancel();
    const abort = new AbortController();
    this.#abort = abort;
    const clock = this.#watch(knownCost(bytes, this.#state.file), abort.signal);
    try {
      const opened = await openFile(bytes, password, {
        signal: abort.signal,
        onProgress: clock.progress,
        ...(owner && { owner }),
      });
      this.#rate = Math.max(1, opened.report.iterations / clock.seconds());
      return opened;
    } catch (error) {
      this.#set({ notice: noticeOf(error, abort.signal.aborted) });
      return null;
    } finally {
      clock.end();
      this.#set({ unlocking: null });
    }
  }

  /** Shows how far a derivation is: by what it says of itself, and by the clock in between. */
  #watch(cost: number, signal: AbortSignal) {
    const started = performance.now();
    const seconds = (): number => (performance.now() - started) / 1000;
    let told = 0;
    const show = (): void => {
      if (signal.aborted) return;
      const expected = cost / this.#rate;
      const guessed = expected === 0 ? 0 : Math.min(0.98, seconds() / expected);
      const fraction = Math.max(told, guessed);
      const secondsLeft = fraction === 0 ? expected : (seconds() * (1 - fraction)) / fraction;
      this.#set({ unlocking: { fraction, secondsLeft }, notice: null });
    };
    show();
    const timer = setInterval(show, 100);
    const progress = (done: number, total: number): void => {
      told = total === 0 ? 0 : done / total;
    };
    return { seconds, progress, end: () => clearInterval(timer) };
  }

  #set(change: Partial<SessionState>): void {
    this.#state = { ...this.#state, ...change };
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** The elements of a file, for the view of its bytes; null for text. @throws {FormatError} for what cannot be taken apart */
export function dissect({ report, bytes }: Loaded): Dissection | null {
  switch (report.kind) {
    case 'ttlv':
    case 'ttlv-hex':
    case 'ttlv-xml':
    case 'ttlv-json':
      return dissectTtlv(ttlvBytes(bytes, report.kind));
    case 'auto-login':
      return report.header === null ? null : dissectDer(bytes.subarray(report.header.pfxOffset));
    case 'pkcs12':
    case 'certificate':
    case 'certificate-request':
    case 'public-key':
    case 'private-key':
    case 'encrypted-private-key':
      return dissectDer(bytes, { trailing: 'allow' });
    default:
      return null;
  }
}

function knownCost(bytes: Uint8Array, file: Loaded | null): number {
  const report = file !== null && file.bytes === bytes ? file.report : null;
  const pfx = report?.kind === 'auto-login' ? report.pfx : report;
  return pfx?.kind === 'pkcs12' ? (pfx.structure?.cost.iterations ?? 0) : 0;
}

function noticeOf(error: unknown, aborted: boolean): Notice {
  if (aborted) return { kind: 'cancelled' };
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  if (code === 'ERR_WRONG_PASSWORD') return { kind: 'wrong-password' };
  return { kind: 'error', code: typeof code === 'string' ? code : 'ERR_INTERNAL', message: String(message) };
}

/** The hash by the browser, off this thread; null where it has none (a page that was not loaded securely). */
async function digestOf(bytes: Uint8Array): Promise<string | null> {
  if (globalThis.crypto?.subtle === undefined) return null;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
