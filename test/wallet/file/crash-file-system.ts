/**
 * A file system in memory that remembers what a power cut could leave: `crashStates()` lists every disk that may be found
 * afterwards, given what was synced and what was not. Data that was not synced may be absent, torn or there; directory
 * entries that were not synced may be there in any combination (a rename before the data it renames, a link that never
 * was, a directory gone with all that is in it). `failAt` makes one step fail, as a full or broken disk would, and `steps` counts them.
 */
import { dirname } from 'node:path';
import type { FileStamp, FileSystem, FileWriter } from '../../../src/wallet/file/file-system.ts';

/** What a disk holds: path → bytes. Directories are the keys ending in `/`. */
export type Disk = ReadonlyMap<string, Uint8Array>;

interface Inode {
  readonly id: number;
  bytes: Uint8Array;
  /** What is surely on the disk. */
  synced: Uint8Array;
  changes: number;
}

/** Entries of files, and the directories there are. */
interface Tree {
  readonly files: Map<string, Inode>;
  readonly directories: Set<string>;
}

/** One change of a directory that is not surely on the disk yet. */
interface Pending {
  readonly directory: string;
  apply(tree: Tree): void;
}

export interface CrashOptions {
  /** Fails the n-th step (from 0) with this code. */
  readonly failAt?: { readonly step: number; readonly code: string };
  /** Makes the n-th sync (from 0), of a file or a directory, do nothing. */
  readonly skipSync?: number;
  /** A directory whose files mean nothing after a power cut (locks): none of its changes is enumerated. */
  readonly fleeting?: string;
  /** Called before every step. */
  readonly onStep?: (name: string) => void;
}

export class CrashFileSystem implements FileSystem {
  /** Names of the steps taken so far, with their paths. */
  readonly steps: string[] = [];
  syncs = 0;
  readonly #options: CrashOptions;
  readonly #now: Tree = { files: new Map(), directories: new Set(['/']) };
  /** What is surely on the disk. */
  readonly #durable: Tree;
  #pending: Pending[] = [];
  #next = 1;

  constructor(initial: Disk = new Map(), options: CrashOptions = {}) {
    this.#options = options;
    for (const [path, bytes] of initial) {
      const { files, directories } = this.#now;
      for (let d = dirname(path); !directories.has(d); d = dirname(d)) directories.add(d);
      if (path.endsWith('/')) directories.add(path.slice(0, -1));
      else files.set(path, { id: this.#next++, bytes, synced: bytes, changes: 0 });
    }
    this.#durable = { files: new Map(this.#now.files), directories: new Set(this.#now.directories) };
  }

  /** Every disk that may be found after a power cut now. */
  crashStates(): Disk[] {
    const states: Disk[] = [];
    const count = this.#pending.length;
    for (let subset = 0; subset < 1 << count; subset++) {
      const tree: Tree = { files: new Map(this.#durable.files), directories: new Set(this.#durable.directories) };
      this.#pending.forEach((p, i) => {
        if ((subset >> i) & 1) p.apply(tree);
      });
      for (const path of tree.files.keys()) if (!reachable(tree, path)) tree.files.delete(path);
      states.push(...this.#contentStates(tree.files));
    }
    return states;
  }

  /** What the file system shows now. */
  disk(): Disk {
    return new Map([...this.#now.files].map(([path, inode]) => [path, inode.bytes]));
  }

  *#contentStates(entries: Map<string, Inode>): Generator<Disk> {
    const loose = [...new Set(entries.values())].filter((i) => i.bytes !== i.synced);
    const choices = loose.map((i) => [i.synced, half(i.bytes), i.bytes]);
    const total = choices.reduce((n, c) => n * c.length, 1);
    for (let n = 0; n < total; n++) {
      let rest = n;
      const found = new Map<Inode, Uint8Array>();
      choices.forEach((c, i) => {
        found.set(loose[i] as Inode, c[rest % c.length] as Uint8Array);
        rest = Math.floor(rest / c.length);
      });
      yield new Map([...entries].map(([path, inode]) => [path, found.get(inode) ?? inode.bytes]));
    }
  }

  #step(name: string, path: string): void {
    const step = this.steps.length;
    this.#options.onStep?.(`${name} ${path}`);
    this.steps.push(`${name} ${path}`);
    if (this.#options.failAt?.step === step) throw errno(this.#options.failAt.code, name, path);
  }

  #change(path: string, change: (files: Map<string, Inode>) => void): void {
    const apply = ({ files }: Tree): void => change(files);
    apply(this.#now);
    if (dirname(path) !== this.#options.fleeting) this.#pending.push({ directory: dirname(path), apply });
  }

  #inode(path: string, call: string): Inode {
    const inode = this.#now.files.get(path);
    if (inode === undefined) throw errno('ENOENT', call, path);
    return inode;
  }

  async readFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(this.#inode(path, 'open').bytes);
  }

  async stamp(path: string): Promise<FileStamp | null> {
    const inode = this.#now.files.get(path);
    if (inode === undefined) return this.#now.directories.has(path) ? stampOf(0, 0, 0) : null;
    return stampOf(inode.id, inode.bytes.length, inode.changes);
  }

  async list(directory: string): Promise<readonly string[]> {
    return [...this.#now.files.keys()]
      .filter((p) => dirname(p) === directory)
      .map((p) => p.slice(directory.length + 1));
  }

  async create(path: string, _mode: number): Promise<FileWriter> {
    this.#step('create', path);
    if (this.#now.files.has(path)) throw errno('EEXIST', 'open', path);
    if (!this.#now.directories.has(dirname(path))) throw errno('ENOENT', 'open', path);
    const empty = new Uint8Array(0);
    const inode: Inode = { id: this.#next++, bytes: empty, synced: empty, changes: 0 };
    this.#change(path, (entries) => entries.set(path, inode));
    return {
      write: async (bytes) => {
        this.#step('write', path);
        inode.bytes = new Uint8Array([...inode.bytes, ...bytes]);
        inode.changes++;
      },
      sync: async () => {
        this.#step('sync', path);
        if (this.syncs++ !== this.#options.skipSync) inode.synced = inode.bytes;
      },
      close: async () => this.#step('close', path),
    };
  }

  async link(from: string, to: string): Promise<void> {
    this.#step('link', to);
    const inode = this.#inode(from, 'link');
    if (this.#now.files.has(to)) throw errno('EEXIST', 'link', to);
    this.#change(to, (entries) => entries.set(to, inode));
  }

  async rename(from: string, to: string): Promise<void> {
    this.#step('rename', to);
    const inode = this.#inode(from, 'rename');
    this.#change(to, (entries) => {
      if (entries.get(from) === inode) entries.delete(from);
      entries.set(to, inode);
    });
  }

  async remove(path: string): Promise<void> {
    this.#step('remove', path);
    this.#inode(path, 'unlink');
    this.#change(path, (entries) => entries.delete(path));
  }

  async makeDirectory(path: string, _mode: number): Promise<void> {
    this.#step('mkdir', path);
    for (let d = path; !this.#now.directories.has(d); d = dirname(d)) {
      const made = d;
      const apply = ({ directories }: Tree): void => {
        directories.add(made);
      };
      this.#pending.push({ directory: dirname(made), apply });
    }
    for (let d = path; !this.#now.directories.has(d); d = dirname(d)) this.#now.directories.add(d);
  }

  async syncDirectory(path: string): Promise<void> {
    this.#step('syncdir', path);
    if (this.syncs++ === this.#options.skipSync) return;
    this.#pending = this.#pending.filter((p) => {
      if (p.directory !== path) return true;
      p.apply(this.#durable);
      return false;
    });
  }
}

/** Says whether every directory above a file is there. */
function reachable({ directories }: Tree, path: string): boolean {
  for (let d = dirname(path); d !== '/'; d = dirname(d)) if (!directories.has(d)) return false;
  return true;
}

const halves = new WeakMap<Uint8Array, Uint8Array>();

/** The first half of some bytes; for the same bytes the same object, so that who looks at disks can tell what it has seen. */
function half(bytes: Uint8Array): Uint8Array {
  const known = halves.get(bytes) ?? bytes.subarray(0, bytes.length >> 1);
  halves.set(bytes, known);
  return known;
}

function stampOf(id: number, bytes: number, changes: number): FileStamp {
  return {
    inode: BigInt(id),
    bytes: BigInt(bytes),
    modifiedNs: BigInt(changes),
    changedNs: BigInt(changes),
    mode: 0o600,
  };
}

function errno(code: string, call: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${call} '${path}'`), { code, syscall: call, path });
}
