/**
 * The audit log: one JSON line per request item, appended to a file (0600). It names who asked for what and which object, and how that
 * ended; payloads, and so keys, never come here. Lines that a slow disk cost are counted: `{ time, lost }`. Layer: kmip/server, Node only.
 */
import { type FileHandle, open } from 'node:fs/promises';
import type { OperationEvent } from './batch.ts';

/** An open log. */
export interface AuditLog {
  write(event: OperationEvent): void;
  /** Waits for what was written. */
  close(): Promise<void>;
}

/** Opens a log for appending; it is made when missing. @throws {Error} Node's own, with `code` */
export async function openAuditLog(path: string, now: () => Date = () => new Date()): Promise<AuditLog> {
  const file = await open(path, 'a', 0o600);
  return new FileAuditLog(file, now);
}

/** An identifier is the client's own text; those that this server makes are shorter. */
const MOST_OBJECT_CHARS = 128;
const MOST_QUEUED_CHARS = 8 << 20;

class FileAuditLog implements AuditLog {
  readonly #file: FileHandle;
  readonly #now: () => Date;
  #lines: string[] = [];
  #queuedChars = 0;
  #lost = 0;
  #writing: Promise<void> | undefined;

  constructor(file: FileHandle, now: () => Date) {
    this.#file = file;
    this.#now = now;
  }

  write(event: OperationEvent): void {
    const { owner, version, operation, uniqueIdentifier, resultStatus, resultReason } = event;
    // By name: what an event may hold besides is not for this file. Undefined ones are left out.
    const line = {
      time: this.#now().toISOString(),
      owner,
      version,
      operation,
      object: uniqueIdentifier?.slice(0, MOST_OBJECT_CHARS),
      status: resultStatus,
      reason: resultReason,
    };
    this.#queue(line);
    this.#writing ??= this.#drain();
  }

  /** A disk that is slower than the clients costs lines, not memory; how many is said where they would stand. */
  #queue(line: object): void {
    const text = `${JSON.stringify(line)}\n`;
    if (this.#queuedChars + text.length > MOST_QUEUED_CHARS) {
      this.#lost++;
      return;
    }
    this.#lines.push(text);
    this.#queuedChars += text.length;
  }

  #take(): string {
    if (this.#lost > 0) this.#lines.push(`${JSON.stringify({ time: this.#now().toISOString(), lost: this.#lost })}\n`);
    this.#lost = 0;
    this.#queuedChars = 0;
    return this.#lines.splice(0).join('');
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#file.close();
  }

  async #drain(): Promise<void> {
    // Lines that come while others are written go out together, whole.
    await Promise.resolve();
    try {
      while (this.#lines.length > 0) await this.#file.appendFile(this.#take());
    } catch {
      // A full disk must not end a server of keys; what could not be written is lost to the log.
    } finally {
      this.#writing = undefined;
    }
  }
}
