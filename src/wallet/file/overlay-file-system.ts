/**
 * A file system for rehearsals: every change stays in memory, over another file system that is only read. It tells afterwards
 * which files a change made, replaced or removed. Layer: wallet/file, Node only.
 */
import { dirname, join } from 'node:path';
import type { FileStamp, FileSystem, FileWriter } from './file-system.ts';

/** What happened to a file. */
export interface FileChange {
  readonly path: string;
  readonly change: 'created' | 'replaced' | 'removed';
}

interface MemoryFile {
  bytes: Uint8Array<ArrayBuffer>;
  readonly inode: bigint;
  changes: bigint;
}

/** Changes in memory over a file system. */
export class OverlayFileSystem implements FileSystem {
  readonly #base: FileSystem;
  /** null for a file that was removed. */
  readonly #files = new Map<string, MemoryFile | null>();
  readonly #directories = new Set<string>();
  /** Whether a file was there before it was first changed. */
  readonly #touched = new Map<string, boolean>();
  #nextInode = -1n;

  constructor(base: FileSystem) {
    this.#base = base;
  }

  /** What was done since the last call, in order; files that came and went are left out. */
  async takeChanges(): Promise<readonly FileChange[]> {
    const changes: FileChange[] = [];
    for (const [path, before] of this.#touched) {
      const now = await this.#exists(path);
      if (now) changes.push({ path, change: before ? 'replaced' : 'created' });
      else if (before) changes.push({ path, change: 'removed' });
    }
    this.#touched.clear();
    return changes;
  }

  async readFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
    const file = this.#files.get(path);
    if (file === undefined) return await this.#base.readFile(path);
    if (file === null) throw errno('ENOENT', 'open', path);
    return file.bytes.slice();
  }

  async stamp(path: string): Promise<FileStamp | null> {
    const file = this.#files.get(path);
    if (file === null) return null;
    if (file === undefined) return this.#directories.has(path) ? DIRECTORY : await this.#base.stamp(path);
    const { inode, bytes, changes } = file;
    return { inode, bytes: BigInt(bytes.length), modifiedNs: changes, changedNs: changes, mode: 0o600 };
  }

  async list(directory: string): Promise<readonly string[]> {
    const names = new Set(await this.#base.list(directory));
    for (const [path, file] of this.#files) {
      const name = path.slice(directory.length + 1);
      if (join(directory, name) !== path || dirname(path) !== directory) continue;
      if (file === null) names.delete(name);
      else names.add(name);
    }
    return [...names];
  }

  async create(path: string, _mode: number): Promise<FileWriter> {
    if (await this.#exists(path)) throw errno('EEXIST', 'open', path);
    if (!(await this.#exists(dirname(path)))) throw errno('ENOENT', 'open', path);
    await this.#touch(path);
    const file: MemoryFile = { bytes: new Uint8Array(0), inode: this.#nextInode--, changes: 0n };
    this.#files.set(path, file);
    return {
      async write(bytes) {
        const grown = new Uint8Array(file.bytes.length + bytes.length);
        grown.set(file.bytes);
        grown.set(bytes, file.bytes.length);
        file.bytes = grown;
        file.changes++;
      },
      sync: async () => undefined,
      close: async () => undefined,
    };
  }

  async link(from: string, to: string): Promise<void> {
    if (await this.#exists(to)) throw errno('EEXIST', 'link', to);
    await this.#touch(to);
    this.#files.set(to, await this.#inMemory(from));
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#touch(from);
    await this.#touch(to);
    this.#files.set(to, await this.#inMemory(from));
    this.#files.set(from, null);
  }

  async remove(path: string): Promise<void> {
    if (!(await this.#exists(path))) throw errno('ENOENT', 'unlink', path);
    await this.#touch(path);
    this.#files.set(path, null);
  }

  async makeDirectory(path: string, _mode: number): Promise<void> {
    for (let at = path; !(await this.#exists(at)); at = dirname(at)) this.#directories.add(at);
  }

  async syncDirectory(_path: string): Promise<void> {}

  async #exists(path: string): Promise<boolean> {
    return (await this.stamp(path)) !== null;
  }

  async #touch(path: string): Promise<void> {
    if (!this.#touched.has(path)) this.#touched.set(path, await this.#exists(path));
  }

  async #inMemory(path: string): Promise<MemoryFile> {
    const file = this.#files.get(path);
    return file ?? { bytes: await this.readFile(path), inode: this.#nextInode--, changes: 0n };
  }
}

const DIRECTORY: FileStamp = { inode: 0n, bytes: 0n, modifiedNs: 0n, changedNs: 0n, mode: 0o700 };

function errno(code: string, syscall: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${syscall} '${path}'`), { code, syscall, path });
}
