/**
 * The file-system operations that keeping a wallet needs, as an interface: the real one below, and in the tests one that
 * fails at any step and one that replays what a power cut may leave. Node only.
 */
import {
  link,
  lstat,
  mkdir,
  type FileHandle as NodeFileHandle,
  open,
  readdir,
  readFile,
  rename,
  unlink,
} from 'node:fs/promises';

/** What tells one state of a file from another without reading it. */
export interface FileStamp {
  /** The file system's number of the file; another after a rename over it. */
  readonly inode: bigint;
  readonly bytes: bigint;
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
  /** Permission bits. */
  readonly mode: number;
}

/** A file being written. */
export interface FileWriter {
  /** Appends bytes, all of them; they are lent for the call. */
  write(bytes: Uint8Array): Promise<void>;
  /** Returns once the file's bytes are on the disk. */
  sync(): Promise<void>;
  /** Closes the file, without a sync. */
  close(): Promise<void>;
}

/** File-system operations; errors are Node's own, with `code`. */
export interface FileSystem {
  /** Reads a whole file; the bytes are the caller's to wipe. */
  readFile(path: string): Promise<Uint8Array<ArrayBuffer>>;
  /** null when there is no such file. */
  stamp(path: string): Promise<FileStamp | null>;
  /** Names in a directory; empty when there is no such directory. */
  list(directory: string): Promise<readonly string[]>;
  /** Creates a file that must not exist yet (EEXIST). */
  create(path: string, mode: number): Promise<FileWriter>;
  /** Gives a file a second name that must not exist yet (EEXIST). */
  link(from: string, to: string): Promise<void>;
  /** Renames a file over whatever has the name. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file (ENOENT when there is none). */
  remove(path: string): Promise<void>;
  /** Creates a directory and those above it; fine when it is there. */
  makeDirectory(path: string, mode: number): Promise<void>;
  /** Returns once the directory's entries are on the disk. */
  syncDirectory(path: string): Promise<void>;
}

/** The code of a file-system error, such as `ENOENT`; undefined for any other error. */
export function errnoCode(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

/** The machine's own file system. */
export const nodeFileSystem: FileSystem = {
  async readFile(path) {
    const bytes = await readFile(path);
    const copy = new Uint8Array(bytes);
    bytes.fill(0);
    return copy;
  },

  async stamp(path) {
    try {
      const s = await lstat(path, { bigint: true });
      return {
        inode: s.ino,
        bytes: s.size,
        modifiedNs: s.mtimeNs,
        changedNs: s.ctimeNs,
        mode: Number(s.mode & 0o777n),
      };
    } catch (error) {
      if (errnoCode(error) === 'ENOENT' || errnoCode(error) === 'ENOTDIR') return null;
      throw error;
    }
  },

  async list(directory) {
    try {
      return await readdir(directory);
    } catch (error) {
      if (errnoCode(error) === 'ENOENT') return [];
      throw error;
    }
  },

  async create(path, mode) {
    return new NodeWriter(await open(path, 'wx', mode));
  },

  link,
  rename,
  remove: unlink,

  async makeDirectory(path, mode) {
    await mkdir(path, { recursive: true, mode });
  },

  async syncDirectory(path) {
    // Windows cannot open a directory, and its file system journals the entries itself.
    if (process.platform === 'win32') return;
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

class NodeWriter implements FileWriter {
  readonly #handle: NodeFileHandle;

  constructor(handle: NodeFileHandle) {
    this.#handle = handle;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) at += (await this.#handle.write(bytes, at)).bytesWritten;
  }

  async sync(): Promise<void> {
    await this.#handle.sync();
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
