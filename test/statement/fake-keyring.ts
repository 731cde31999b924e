/** A keyring in a map, and the database around it, for tests of statements. What it is told to say, it says. */
import { StateError } from '../../src/errors.ts';
import { Secret } from '../../src/secret.ts';
import {
  ErrorLog,
  KEYRING_FUNCTIONS,
  type KeyringHost,
  type KeyringService,
  type KeyringServiceInfo,
  type PluginName,
  PRIVILEGES,
  type Privilege,
} from '../../src/statement/index.ts';

interface StoredKey {
  readonly id: string;
  readonly owner: string;
  readonly type: string;
  readonly key: Uint8Array;
}

/** A service that remembers, and whose failures and answers can be set. */
export class FakeService implements KeyringService {
  readonly keys: Map<string, StoredKey> = new Map();
  /** Thrown by every request. */
  failure: Error | null = null;
  /** In place of what is stored. */
  found: { readonly type: string; readonly lengthBytes: number; readonly key: Uint8Array } | null = null;
  /** Every request, by name. */
  readonly asked: string[] = [];

  async generate(id: string, type: string, lengthBytes: number, { owner }: { readonly owner: string }): Promise<void> {
    this.#ask('generate');
    this.#add({ id, owner, type, key: new Uint8Array(lengthBytes).fill(7) });
  }

  async store(id: string, type: string, key: Secret, { owner }: { readonly owner: string }): Promise<void> {
    this.#ask('store');
    this.#add({ id, owner, type, key: key.copy() });
  }

  async fetch(id: string, { owner }: { readonly owner: string }): ReturnType<KeyringService['fetch']> {
    this.#ask('fetch');
    const found = this.#find(id, owner);
    return found && { ...found, key: Secret.from(found.key) };
  }

  async info(id: string, { owner }: { readonly owner: string }): ReturnType<KeyringService['info']> {
    this.#ask('info');
    return this.#find(id, owner);
  }

  async remove(id: string, { owner }: { readonly owner: string }): Promise<boolean> {
    this.#ask('remove');
    return this.keys.delete(JSON.stringify([owner, id]));
  }

  async *list(): AsyncGenerator<KeyringServiceInfo> {
    this.#ask('list');
    for (const { id, owner, type, key } of this.keys.values())
      yield { id, owner, type, lengthBytes: key.length, backendKeyId: id === 'named' ? 'uuid-1' : null };
  }

  #ask(what: string): void {
    this.asked.push(what);
    if (this.failure !== null) throw this.failure;
  }

  #add(key: StoredKey): void {
    const name = JSON.stringify([key.owner, key.id]);
    if (this.keys.has(name)) throw new StateError('ERR_KEYRING_EXISTS', 'there is a key of that name');
    this.keys.set(name, key);
  }

  #find(id: string, owner: string) {
    if (this.found !== null) return this.found;
    const stored = this.keys.get(JSON.stringify([owner, id]));
    return stored === undefined ? null : { type: stored.type, lengthBytes: stored.key.length, key: stored.key };
  }
}

/** What a test says of the database. */
export interface FakeOptions {
  readonly checks?: 'new' | 'old';
  readonly user?: string;
  readonly privileges?: readonly Privilege[];
  readonly plugins?: readonly PluginName[];
  readonly functions?: readonly string[];
  /** Default `component`. */
  readonly kind?: 'plugin' | 'component';
  readonly service?: FakeService;
}

/** A database with a keyring, for statements. */
export class FakeKeyring implements KeyringHost {
  readonly checks: 'new' | 'old';
  readonly account: { readonly user: string; readonly host: string };
  readonly privileges: ReadonlySet<Privilege>;
  readonly plugins: Set<PluginName>;
  readonly functions: Set<string>;
  readonly serviceKind: 'plugin' | 'component';
  readonly fake: FakeService;
  readonly errorLog: ErrorLog = new ErrorLog(() => new Date('2026-11-21T18:30:00.123Z'));
  operations = true;
  confDir = '';
  persisted: string | null = null;
  /** Thrown by useConfDir and reload. */
  failure: Error | null = null;

  constructor(options: FakeOptions = {}) {
    this.checks = options.checks ?? 'new';
    this.account = { user: options.user ?? 'root', host: 'localhost' };
    this.privileges = new Set(options.privileges ?? PRIVILEGES);
    this.plugins = new Set(options.plugins ?? ['keyring_udf', 'keyring_okv']);
    this.functions = new Set(options.functions ?? KEYRING_FUNCTIONS);
    this.serviceKind = options.kind ?? 'component';
    this.fake = options.service ?? new FakeService();
  }

  get componentName(): string | null {
    return this.serviceKind === 'plugin' ? null : 'component_keyring_fake';
  }

  async setPlugin(name: PluginName, installed: boolean): Promise<void> {
    if (installed) this.plugins.add(name);
    else this.plugins.delete(name);
  }

  async setFunction(name: string, exists: boolean): Promise<void> {
    if (exists) this.functions.add(name);
    else this.functions.delete(name);
  }

  async service(): Promise<KeyringService> {
    return this.fake;
  }

  async componentStatus(): Promise<readonly (readonly [string, string])[]> {
    return this.serviceKind === 'plugin' ? [] : [['Component_status', 'Active']];
  }

  async reload(): Promise<void> {
    if (this.failure !== null) throw this.failure;
  }

  async useConfDir(directory: string): Promise<readonly string[]> {
    if (this.failure !== null) throw this.failure;
    this.confDir = directory;
    return directory === '/open' ? ['others can read it'] : [];
  }

  async persistConfDir(): Promise<void> {
    this.persisted = this.confDir;
  }

  async serverUuid(): Promise<string> {
    return '1b4e28ba-2fa1-11d2-883f-0016d3cca427';
  }
}
