/**
 * The back end that keeps keys in a KMIP server. Key material is made by the server where it can; what was seen of a key is taken for
 * what is there for a while (`refreshMs`), so that fetching is one request, or none. Layer: keyring.
 */
import { ProtocolError, StateError, TransportError, UsageError } from '../../errors.ts';
import { Secret } from '../../secret.ts';
import type { FoundKey, KeyName, KeyringBackend, NewKey } from '../backend.ts';
import type { CallOptions, KeyringKeyInfo } from '../keyring.ts';
import type { RuleSet } from '../rules.ts';
import type { OkvAttributeNames } from './attribute-names.ts';
import { CallDeadline } from './deadline.ts';
import { type MakerOptions, makeKey, removeKey, type WantedKey } from './maker.ts';
import { KeyObjects } from './objects.ts';
import type { KmipPort } from './port.ts';
import { makeProfile, type Profile, type ProfileName } from './profile.ts';

/** How the back end works on its server. */
export interface KmipBackendOptions {
  /** null: `okv` where the server's Query lists Add Attribute, else `name`. */
  readonly profile: ProfileName | null;
  readonly attributeNames: OkvAttributeNames;
  readonly instance: string;
  readonly cacheKeys: boolean;
  readonly refreshMs: number;
  readonly graceMs: number;
  readonly timeoutMs: number;
  readonly maxRounds: number;
  /** Ask the server what it can do with the first call, instead of at once. */
  readonly lazy?: boolean;
  randomBytes(length: number): Uint8Array<ArrayBuffer>;
  /** Milliseconds of a clock that only goes forward. */
  clock(): number;
  /** Milliseconds since 1970. */
  now(): number;
  sleep(ms: number, signal: AbortSignal | undefined): Promise<void>;
}

/** Most keys of which is kept where they are; those used longest ago are forgotten. */
const MAX_KNOWN = 10_000;

/** Makes the back end over a client, which it closes with itself. */
export async function createKmipBackend(port: KmipPort, options: KmipBackendOptions): Promise<KeyringBackend> {
  const backend = new KmipBackend(port, options);
  if (options.lazy !== true) await backend.open(new CallDeadline({}, options.timeoutMs, options.clock));
  return backend;
}

/** What depends on the server. */
interface Tools {
  readonly profile: Profile;
  readonly objects: KeyObjects;
  readonly maker: MakerOptions;
}

async function makeTools(port: KmipPort, options: KmipBackendOptions, call: CallOptions): Promise<Tools> {
  const operations = await operationsOf(port, options.profile, call);
  const name = options.profile ?? (operations.has('AddAttribute') ? 'okv' : 'name');
  const profile = makeProfile(name, options.instance, options.attributeNames);
  const objects = new KeyObjects({ port, profile, graceMs: options.graceMs, now: options.now });
  const hasRng = operations.has('RNGRetrieve');
  const secretBytes: MakerOptions['secretBytes'] = async (length, deadline) =>
    hasRng ? await retrieveBytes(port, length, deadline, options) : options.randomBytes(length);
  const { mark, registers } = profile;
  return { profile, objects, maker: { ...options, objects, marks: mark !== null, registers, secretBytes } };
}

/**
 * What the server lists. Keys kept in one profile are not found in another, and would be made again: so a profile is chosen by what
 * the server said, never by its silence. Where it is set, a refusal only means that secrets are made here.
 */
async function operationsOf(
  port: KmipPort,
  profile: ProfileName | null,
  call: CallOptions,
): Promise<ReadonlySet<string | number>> {
  const capabilities = await port.capabilities(call).catch((error: unknown) => {
    if (profile === null || !(error instanceof ProtocolError)) throw error;
    return null;
  });
  if (capabilities === null && profile === null) {
    const message = 'the server does not answer Query, so nothing tells how it keeps keys';
    throw new UsageError('ERR_KEYRING_PROFILE', message, { hint: 'set profile: okv, name or percona' });
  }
  return capabilities?.operations ?? new Set();
}

/** After this many they are made here: a server that gives a few bytes at a time does not get to hold up a call. */
const MAX_RNG_REQUESTS = 64;

/** Random bytes of the server, in a few requests if it wants. */
async function retrieveBytes(
  port: KmipPort,
  lengthBytes: number,
  deadline: CallDeadline,
  { randomBytes }: Pick<KmipBackendOptions, 'randomBytes'>,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(lengthBytes);
  let filled = 0;
  for (let requests = 0; filled < lengthBytes && requests < MAX_RNG_REQUESTS; requests++) {
    try {
      const { data } = await port.request('RNGRetrieve', { dataLength: lengthBytes - filled }, deadline.call());
      if (data.length === 0) break;
      const taken = data.subarray(0, lengthBytes - filled);
      bytes.set(taken, filled);
      filled += taken.length;
      data.fill(0);
    } catch (error) {
      if (error instanceof ProtocolError) break; // what it lists and then refuses is made here
      bytes.fill(0);
      throw error;
    }
  }
  if (filled === lengthBytes) return bytes;
  bytes.fill(0);
  return randomBytes(lengthBytes);
}

/** What is known of a key. */
interface Known {
  /** Ready versions, oldest first; not empty. */
  readonly versions: readonly KeyringKeyInfo[];
  readonly lookedAt: number;
}

class KmipBackend implements KeyringBackend {
  readonly name = 'kmip';
  readonly rules: RuleSet | undefined;
  readonly #port: KmipPort;
  readonly #options: KmipBackendOptions;
  /** By `nameKey`. */
  readonly #known = new Map<string, Known>();
  /** By Unique Identifier. */
  readonly #bytes = new Map<string, Secret>();

  /** Made when they are first needed, and tried again after a failure: a server that was down at the start is no trouble later. */
  #tools: Tools | null = null;
  /** Asked once for all calls that wait for it, each for its own time. */
  #opening: Promise<Tools> | null = null;

  constructor(port: KmipPort, options: KmipBackendOptions) {
    this.#port = port;
    this.#options = options;
    if (options.profile === 'percona') this.rules = 'percona';
  }

  async open(deadline: CallDeadline): Promise<Tools> {
    if (this.#tools !== null) return this.#tools;
    if (this.#opening === null) {
      const { timeoutMs } = this.#options;
      const opening = makeTools(this.#port, this.#options, { timeoutMs }).finally(() => {
        this.#opening = null;
      });
      this.#opening = opening;
    }
    this.#tools = await deadline.share(this.#opening);
    return this.#tools;
  }

  assertKeeps(name: KeyName, version: number, type: string): void {
    const { profile, instance, attributeNames } = this.#options;
    const asked = profile === null ? null : makeProfile(profile, instance, attributeNames);
    (this.#tools?.profile ?? asked)?.assertKeeps(name, version, type);
  }

  add(name: KeyName, key: NewKey, call: CallOptions): Promise<KeyringKeyInfo> {
    return this.#make(name, { goal: 'first', key }, call);
  }

  rotate(name: KeyName, bytes: Uint8Array | null, call: CallOptions): Promise<KeyringKeyInfo> {
    return this.#make(name, { goal: 'next', bytes }, call);
  }

  async remove(name: KeyName, call: CallOptions): Promise<boolean> {
    const deadline = this.#deadline(call);
    const { objects } = await this.open(deadline);
    try {
      return (await removeKey(name, deadline, objects)) !== null;
    } finally {
      this.#forget(name);
    }
  }

  async fetch(name: KeyName, version: number | undefined, call: CallOptions): Promise<FoundKey | null> {
    const deadline = this.#deadline(call);
    const info = await this.#find(name, version, deadline);
    if (info === null) return null;
    const found = await this.#bytesOf(info, deadline);
    if (found !== null) return { info, bytes: found };
    // Removed since it was looked at.
    this.#forget(name);
    const again = await this.#find(name, version, deadline);
    const bytes = again === null ? null : await this.#bytesOf(again, deadline);
    return again === null || bytes === null ? null : { info: again, bytes };
  }

  info(name: KeyName, version: number | undefined, call: CallOptions): Promise<KeyringKeyInfo | null> {
    return this.#find(name, version, this.#deadline(call));
  }

  async *list(owner: string | undefined, call: CallOptions): AsyncIterable<KeyringKeyInfo> {
    const deadline = this.#deadline(call);
    const { objects } = await this.open(deadline);
    const newest = new Map<string, KeyringKeyInfo>();
    for (const { stage, info } of await objects.lookAtAll(deadline)) {
      if (stage !== 'ready' || (owner !== undefined && info.owner !== owner)) continue;
      const key = nameKey(info);
      if (info.version > (newest.get(key)?.version ?? 0)) newest.set(key, info);
    }
    yield* newest.values();
  }

  async collect(call: CallOptions): Promise<number> {
    const deadline = this.#deadline(call);
    const { objects } = await this.open(deadline);
    let count = 0;
    for (const { uid, stale } of await objects.lookAtAll(deadline))
      if (stale && (await objects.collect(uid, deadline))) count++;
    return count;
  }

  async close(): Promise<void> {
    for (const secret of this.#bytes.values()) secret.dispose();
    this.#bytes.clear();
    this.#known.clear();
    await this.#port.close();
  }

  async #make(name: KeyName, wanted: WantedKey, call: CallOptions): Promise<KeyringKeyInfo> {
    const { timeoutMs, graceMs } = this.#options;
    // Whatever is sent later than that might meet those who take the candidate for left behind.
    const deadline = this.#deadline({ ...call, timeoutMs: Math.min(call.timeoutMs ?? timeoutMs, graceMs / 2) });
    const { profile, maker } = await this.open(deadline);
    profile.assertKeeps(name, wanted.goal === 'first' ? 1 : 2, wanted.goal === 'first' ? wanted.key.type : null);
    try {
      return await makeKey(name, wanted, deadline, maker);
    } finally {
      this.#forget(name);
    }
  }

  #deadline(call: CallOptions): CallDeadline {
    return new CallDeadline(call, this.#options.timeoutMs, this.#options.clock);
  }

  /** One version, or the newest: as it was last seen if that is not long ago, else as it is. */
  async #find(name: KeyName, version: number | undefined, deadline: CallDeadline): Promise<KeyringKeyInfo | null> {
    const known = this.#known.get(nameKey(name));
    const isFresh = known !== undefined && this.#options.clock() - known.lookedAt < this.#options.refreshMs;
    const seen = isFresh ? pick(known, version) : null;
    if (seen !== null) return seen;
    try {
      return pick(await this.#look(name, deadline), version);
    } catch (error) {
      // An outage: who keeps keys goes on with what is kept.
      const kept = pick(known ?? null, version);
      if (error instanceof TransportError && kept !== null && this.#bytes.has(kept.backendKeyId as string)) return kept;
      throw error;
    }
  }

  async #look(name: KeyName, deadline: CallDeadline): Promise<Known | null> {
    const lookedAt = this.#options.clock();
    const { objects } = await this.open(deadline);
    const seen = await objects.look(name, deadline);
    const versions = seen.filter(({ stage }) => stage === 'ready').map(({ info }) => info);
    versions.sort((a, b) => a.version - b.version);
    assertUnique(versions);
    this.#forget(name, new Set(versions.map(({ backendKeyId }) => backendKeyId)));
    if (versions.length === 0) return null;
    const known = { versions, lookedAt };
    this.#known.set(nameKey(name), known);
    const [oldest] = this.#known.values();
    if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#forget(oldest.versions[0] as KeyringKeyInfo);
    return known;
  }

  async #bytesOf(info: KeyringKeyInfo, deadline: CallDeadline): Promise<Uint8Array<ArrayBuffer> | null> {
    const uid = info.backendKeyId as string;
    const kept = this.#bytes.get(uid);
    if (kept !== undefined) return kept.copy();
    const bytes = await (await this.open(deadline)).objects.fetch(info, deadline);
    // While it was on its way, the key may have been forgotten, or another call may have brought it.
    const isKnown = this.#known.get(nameKey(info))?.versions.some(({ backendKeyId }) => backendKeyId === uid) === true;
    if (bytes !== null && this.#options.cacheKeys && isKnown && !this.#bytes.has(uid))
      this.#bytes.set(uid, Secret.from(bytes));
    return bytes;
  }

  /** Forgets a key, and wipes its bytes except for those of some objects. */
  #forget(name: KeyName, except: ReadonlySet<string | null> = NONE): void {
    const key = nameKey(name);
    for (const { backendKeyId } of this.#known.get(key)?.versions ?? []) {
      if (backendKeyId === null || except.has(backendKeyId)) continue;
      this.#bytes.get(backendKeyId)?.dispose();
      this.#bytes.delete(backendKeyId);
    }
    this.#known.delete(key);
  }
}

const NONE: ReadonlySet<string | null> = /* @__PURE__ */ new Set();

/** Not made by us: between two keys of one name nobody can choose. */
function assertUnique(versions: readonly KeyringKeyInfo[]): void {
  for (const [i, { version, backendKeyId }] of versions.entries()) {
    const next = versions[i + 1];
    if (next?.version !== version) continue;
    throw new StateError(
      'ERR_KEYRING_DUPLICATE',
      `objects ${backendKeyId} and ${next.backendKeyId} are both version ${version} of this key`,
    );
  }
}

function nameKey({ owner, id }: KeyName): string {
  return `${owner.length}:${owner}${id}`;
}

function pick(known: Known | null, version: number | undefined): KeyringKeyInfo | null {
  const found = version === undefined ? known?.versions.at(-1) : known?.versions.find((v) => v.version === version);
  return found ?? null;
}
