/**
 * The audit log: one JSON line per request item, appended to a file (0600). It names who asked for what and which object, and how that
 * ended; payloads, and so keys, never come here. Layer: kmip/server, Node only.
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

class FileAuditLog implements AuditLog {
  readonly #file: FileHandle;
  readonly #now: () => Date;
  #lines: string[] = [];
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
      object: uniqueIdentifier,
      status: resultStatus,
      reason: resultReason,
    };
    this.#lines.push(`${JSON.stringify(line)}\n`);
    this.#writing ??= this.#drain();
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#file.close();
  }

  async #drain(): Promise<void> {
    // Lines that come while others are written go out together, whole.
    await Promise.resolve();
    try {
      while (this.#lines.length > 0) await this.#file.appendFile(this.#lines.splice(0).join(''));
    } catch {
      // A full disk must not end a server of keys; what could not be written is lost to the log.
    } finally {
      this.#writing = undefined;
    }
  }
}
