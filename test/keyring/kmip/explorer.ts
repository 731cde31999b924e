/**
 * Explores the protocol of claim.ts and removal.ts: several clients on one server of which each request is one atomic step, in
 * every interleaving, with crashes, lost answers and requests that arrive late, as far as a scenario allows them. Looking is not
 * one step but many: a Locate, then one Get Attributes per object, as in production.
 */
import {
  advance,
  type ClaimEnd,
  type ClaimEvent,
  type ClaimPlan,
  type ClaimState,
  commandOf,
  type Sighting,
  type Stage,
  startClaim,
} from '../../../src/keyring/kmip/claim.ts';
import {
  destroyed,
  looked,
  type RemovalState,
  removalCommand,
  startRemoval,
} from '../../../src/keyring/kmip/removal.ts';

export interface Scenario {
  /** What each client does. */
  readonly clients: readonly ('first' | 'next' | 'remove')[];
  /** Being active is not enough for being ready. */
  readonly marks: boolean;
  /** A key of version 1 is there at the start. */
  readonly hasKey: boolean;
  /** How many clients may stop for good, at any point. */
  readonly crashes: number;
  /** How many answers to Create, Activate and the mark may be lost, the request carried out, not carried out, or later. */
  readonly losses: number;
  /** `dead`: only what a crashed client left is stale. `anything`: any candidate may be taken for stale at any time. */
  readonly stale: 'dead' | 'anything';
  /** Plants a fault into the protocol. */
  readonly fault?: 'no verification' | 'readers see candidates' | 'collects what is ready';
}

export interface Findings {
  readonly states: number;
  readonly ends: number;
  /** Ways in which the run may go wrong, each with the first trace found. */
  readonly violations: ReadonlyMap<string, readonly string[]>;
}

interface Item {
  readonly uid: string;
  readonly attempt: string;
  readonly version: number;
  readonly stage: Exclude<Stage, 'gone'>;
}

/** A request on its way that will be carried out although nobody waits for it. */
interface Straggler {
  readonly do: 'create' | 'activate' | 'mark';
  readonly uid: string;
  readonly attempt: string;
  readonly version: number;
}

interface Client {
  readonly claim: ClaimState | null;
  readonly removal: RemovalState | null;
  readonly crashed: boolean;
  /** In the middle of a look: what Locate gave and is still to be asked about, and what was seen. */
  readonly looking: { readonly rest: readonly string[]; readonly seen: readonly Sighting[] } | null;
  /** In the middle of destroying something in two steps: it was revoked. */
  readonly revoked: boolean;
}

interface World {
  readonly items: readonly Item[];
  readonly clients: readonly Client[];
  readonly stragglers: readonly Straggler[];
  readonly crashes: number;
  readonly losses: number;
}

interface Step {
  readonly label: string;
  readonly world: World;
  readonly violation?: string;
}

/** Explores everything that can happen. */
export function explore(scenario: Scenario, limit = 3_000_000): Findings {
  const start = canonical(beginning(scenario));
  const known = new Map<string, number>([[keyOf(start, scenario), 0]]);
  const worlds = [start];
  const cameFrom: { readonly from: number; readonly label: string }[] = [{ from: -1, label: 'start' }];
  const successors: number[][] = [];
  const violations = new Map<string, readonly string[]>();
  const report = (what: string, at: number, label?: string): void => {
    if (!violations.has(what))
      violations.set(what, [...traceOf(cameFrom, at), ...(label === undefined ? [] : [label])]);
  };
  const ends: number[] = [];
  for (let i = 0; i < worlds.length; i++) {
    if (worlds.length > limit) throw new Error(`more than ${limit} states`);
    const world = worlds[i] as World;
    const next: number[] = [];
    for (const step of stepsOf(world, scenario)) {
      if (step.violation !== undefined) report(step.violation, i, step.label);
      const reached = canonical(step.world);
      const key = keyOf(reached, scenario);
      let index = known.get(key);
      if (index === undefined) {
        index = worlds.push(reached) - 1;
        known.set(key, index);
        cameFrom.push({ from: i, label: step.label });
      }
      next.push(index);
    }
    successors.push(next);
    for (const fault of faultsOf(world)) report(fault, i);
    if (world.clients.every(hasEnded)) {
      ends.push(i);
      for (const fault of faultsAtEnd(world, scenario)) report(fault, i);
    }
  }
  const stuck = cannotReach(ends, successors);
  if (stuck !== null) report('no way on to an end', stuck);
  return { states: worlds.length, ends: ends.length, violations };
}

function beginning({ clients, marks, hasKey, crashes, losses }: Scenario): World {
  const items: Item[] = hasKey ? [{ uid: 'k', attempt: 'old.1', version: 1, stage: 'ready' }] : [];
  const idle = { crashed: false, looking: null, revoked: false };
  return {
    items,
    clients: clients.map((goal, i): Client => {
      if (goal === 'remove') return { ...idle, claim: null, removal: startRemoval() };
      const plan: ClaimPlan = { goal, marks, claim: `c${i}`, maxRounds: Number.POSITIVE_INFINITY };
      return { ...idle, claim: startClaim(plan), removal: null };
    }),
    stragglers: [],
    crashes,
    losses,
  };
}

// ---- what can happen next

function* stepsOf(world: World, scenario: Scenario): Generator<Step> {
  for (const [i, straggler] of world.stragglers.entries()) {
    const rest = { ...world, stragglers: world.stragglers.filter((_, k) => k !== i) };
    const { items } = carryOut(rest, straggler, scenario);
    yield { label: `late ${straggler.do} ${straggler.uid || straggler.attempt} arrives`, world: { ...rest, items } };
  }
  for (const [i, client] of world.clients.entries()) {
    if (client.crashed || hasEnded(client)) continue;
    // One that has nothing at the server leaves nothing by crashing: as if it were never asked to go on.
    if (world.crashes > 0 && world.items.some((o) => o.stage !== 'ready' && makerOf(o) === i))
      yield {
        label: `c${i} crashes`,
        world: { ...withClient(world, i, { ...client, crashed: true }), crashes: world.crashes - 1 },
      };
    yield* client.removal === null ? claimSteps(world, i, scenario) : removalSteps(world, i, scenario);
  }
}

function* claimSteps(world: World, i: number, scenario: Scenario): Generator<Step> {
  const client = world.clients[i] as Client;
  const claim = client.claim as ClaimState;
  const command = commandOf(claim);
  const label = `c${i} ${claim.phase}: ${command.do}`;
  const then = (w: World, event: ClaimEvent): World =>
    withClient(w, i, { ...client, claim: planted(advance(claim, event), scenario), looking: null, revoked: false });
  switch (command.do) {
    case 'look':
      yield* lookSteps(world, i, scenario, (w, objects) => then(w, { is: 'seen', objects, late: false }));
      return;
    case 'create':
    case 'activate':
    case 'mark': {
      const request: Straggler = {
        do: command.do,
        uid: command.do === 'create' ? '' : command.uid,
        attempt: command.do === 'create' ? command.attempt : '',
        version: command.do === 'create' ? command.version : 0,
      };
      const { items, event } = carryOut(world, request, scenario);
      yield { label, world: then({ ...world, items }, event) };
      if (world.losses === 0) return;
      const lossy = { ...world, losses: world.losses - 1 };
      yield { label: `${label}, answer lost`, world: then({ ...lossy, items }, { is: 'unknown' }) };
      yield { label: `${label}, request lost`, world: then(lossy, { is: 'unknown' }) };
      const delayed = { ...lossy, stragglers: [...world.stragglers, request] };
      yield { label: `${label}, request delayed`, world: then(delayed, { is: 'unknown' }) };
      return;
    }
    case 'withdraw':
      yield* destroySteps(world, i, command.uid, 'own', scenario, label, (w) => then(w, { is: 'done' }));
      return;
    case 'collect':
      yield* destroySteps(world, i, command.uid, 'stale', scenario, label, (w) => then(w, { is: 'done' }));
      return;
    case 'pause':
      yield { label, world: then(world, { is: 'done' }) };
      return;
    case 'end':
      return;
  }
}

function* removalSteps(world: World, i: number, scenario: Scenario): Generator<Step> {
  const client = world.clients[i] as Client;
  const removal = client.removal as RemovalState;
  const command = removalCommand(removal);
  const then = (w: World, next: RemovalState): World =>
    withClient(w, i, { ...client, removal: next, looking: null, revoked: false });
  if (command.do === 'look') yield* lookSteps(world, i, scenario, (w, objects) => then(w, looked(removal, objects)));
  if (command.do === 'destroy')
    yield* destroySteps(world, i, command.uid, 'key', scenario, `c${i} removes`, (w) => then(w, destroyed(removal)));
}

/** Locate, then each object in turn. */
function* lookSteps(
  world: World,
  i: number,
  scenario: Scenario,
  done: (world: World, seen: readonly Sighting[]) => World,
): Generator<Step> {
  const client = world.clients[i] as Client;
  if (client.looking === null) {
    const label = `c${i} locates ${world.items.map(({ uid }) => uid).join(' ')}`;
    // What cannot change until it is asked about is as good as asked about: keys nobody removes, candidates that only we touch.
    const isSettled = (o: Item): boolean =>
      o.stage === 'ready' ? !scenario.clients.includes('remove') : scenario.stale === 'dead' && makerOf(o) === i;
    const rest = world.items.filter((o) => !isSettled(o)).map(({ uid }) => uid);
    const seen = world.items.filter(isSettled).flatMap(({ uid }) => sightings(world, i, uid, scenario));
    if (rest.length === 0) yield { label, world: done(world, seen) };
    else yield { label, world: withClient(world, i, { ...client, looking: { rest, seen } }) };
    return;
  }
  const [uid, ...rest] = client.looking.rest as readonly [string, ...string[]];
  for (const sighting of sightings(world, i, uid, scenario)) {
    const seen = sighting.stage === 'gone' ? client.looking.seen : [...client.looking.seen, sighting];
    const label = `c${i} sees ${uid} ${sighting.stage}${sighting.stale ? ' stale' : ''}`;
    if (rest.length === 0) yield { label, world: done(world, seen) };
    else yield { label, world: withClient(world, i, { ...client, looking: { rest, seen } }) };
  }
}

/** The number of the client that made an object; −1 for what was there before. */
function makerOf({ attempt }: { readonly attempt: string }): number {
  return attempt.startsWith('c') ? Number(attempt[1]) : -1;
}

function sightings(world: World, i: number, uid: string, { stale, fault }: Scenario): Sighting[] {
  const item = world.items.find((o) => o.uid === uid);
  if (item === undefined) return [{ uid, attempt: '', version: 0, stage: 'gone', stale: false }];
  const { attempt, version } = item;
  const stage = fault === 'readers see candidates' ? 'ready' : item.stage;
  const maker = makerOf(item);
  const unfinished = stage !== 'ready';
  const dead = unfinished && world.clients[maker]?.crashed === true;
  const base = { uid, attempt, version, stage } as const;
  if (stale === 'anything' && stage === 'candidate' && maker !== i)
    return [
      { ...base, stale: false },
      { ...base, stale: true },
    ];
  return [{ ...base, stale: dead }];
}

/**
 * Destroys in the steps of production: an active object is revoked first. `stale` ones are destroyed as they are where being active
 * makes a key, so that the server itself refuses those that became one.
 */
function* destroySteps(
  world: World,
  i: number,
  uid: string,
  why: 'own' | 'stale' | 'key',
  { marks, fault }: Scenario,
  label: string,
  done: (world: World) => World,
): Generator<Step> {
  const client = world.clients[i] as Client;
  const item = world.items.find((o) => o.uid === uid);
  const say = `${label} ${uid}`;
  if (item === undefined) {
    yield { label: `${say}: gone`, world: done(world) };
    return;
  }
  if (why === 'stale' && item.stage === 'ready' && fault !== 'collects what is ready') {
    // Without marks: refused by the server, as it is active. With them: seen before.
    yield { label: `${say}: refused`, world: done(world) };
    return;
  }
  const isActive =
    item.stage === 'active' || (marks && item.stage === 'ready') || (item.stage === 'ready' && why === 'key');
  if (isActive && !client.revoked) {
    yield { label: `${say}: revoked`, world: withClient(world, i, { ...client, revoked: true }) };
    return;
  }
  const items = world.items.filter((o) => o !== item);
  const wrong = item.stage === 'ready' && why !== 'key';
  yield {
    label: `${say}: destroyed`,
    world: done({ ...world, items }),
    ...(wrong && { violation: 'a ready key was destroyed by a maker' }),
  };
}

/** One request at the server, atomically. */
function carryOut(
  world: World,
  request: Straggler,
  { marks }: Scenario,
): { items: readonly Item[]; event: ClaimEvent } {
  const { items } = world;
  if (request.do === 'create') {
    const { attempt, version } = request;
    // Named after its attempt, so that states do not differ by the order in which objects were made.
    let serial = 0;
    while (items.some(({ uid }) => uid === `${attempt}/${serial}`) || isMentioned(world, `${attempt}/${serial}`))
      serial++;
    const uid = `${attempt}/${serial}`;
    return { items: [...items, { uid, attempt, version, stage: 'candidate' }], event: { is: 'created', uid } };
  }
  const from = request.do === 'activate' ? 'candidate' : 'active';
  const item = items.find((o) => o.uid === request.uid);
  if (item === undefined || item.stage !== from) return { items, event: { is: 'gone', error: null } };
  const stage = request.do === 'activate' && marks ? 'active' : 'ready';
  return { items: items.map((o) => (o === item ? { ...o, stage } : o)), event: { is: 'done' } };
}

/** A name that somebody still has in mind must not be given to another object. */
function isMentioned({ clients, stragglers }: World, uid: string): boolean {
  if (stragglers.some((straggler) => straggler.uid === uid)) return true;
  return clients.some(
    ({ claim, removal, looking, crashed }) =>
      !crashed &&
      (claim?.mine === uid ||
        claim?.base?.uid === uid ||
        claim?.doomed.some((d) => d.uid === uid) === true ||
        removal?.doomed.includes(uid) === true ||
        looking?.rest.includes(uid) === true ||
        looking?.seen.some((o) => o.uid === uid) === true),
  );
}

function planted(claim: ClaimState, { fault }: Scenario): ClaimState {
  return fault === 'no verification' && claim.phase === 'verify' ? { ...claim, phase: 'activate' } : claim;
}

// ---- what must hold

function faultsOf({ items }: World): string[] {
  const versions = items.filter(({ stage }) => stage === 'ready').map(({ version }) => version);
  return new Set(versions).size < versions.length ? ['two ready keys of one identity'] : [];
}

function faultsAtEnd(world: World, { clients, hasKey, losses }: Scenario): string[] {
  const faults: string[] = [];
  const ready = world.items.filter(({ stage }) => stage === 'ready');
  const ends = world.clients.map(({ claim, crashed }) => (crashed || claim === null ? null : endOf(claim)));
  const winners = ends.filter((end) => end?.result === 'won');
  const removers = world.clients.filter(({ removal, crashed }) => removal !== null && !crashed);
  if (ends.some((end) => end !== null && (end.result === 'busy' || end.result === 'failed')))
    faults.push('a maker gave up');
  if (clients.every((goal) => goal === 'first')) {
    if (winners.length > 1) faults.push('two makers believe that they made the key');
    const living = world.clients.some(({ crashed }) => !crashed);
    if (living && ready.length !== 1) faults.push(`${ready.length} ready keys at the end`);
  }
  if (hasKey && removers.length > 0 && !clients.includes('first') && ready.length > 0)
    faults.push('a version outlived the removal of its key');
  // What a crash or a request that arrives late leaves is the collector's.
  if (world.losses < losses) return faults;
  for (const [i, client] of world.clients.entries())
    if (!client.crashed && world.items.some((o) => o.attempt.startsWith(`c${i}.`) && o.stage !== 'ready'))
      faults.push('a maker left something behind');
  return faults;
}

function endOf(claim: ClaimState): ClaimEnd | null {
  const command = commandOf(claim);
  return command.do === 'end' ? command.end : null;
}

function hasEnded({ claim, removal, crashed }: Client): boolean {
  return crashed || claim?.phase === 'end' || removal?.ended === true;
}

// ---- the graph

function withClient(world: World, i: number, client: Client): World {
  return { ...world, clients: world.clients.map((c, k) => (k === i ? client : c)) };
}

/** Forgets what makes no difference: how many rounds there were, attempts of which nothing is left, what the dead had in mind. */
function canonical(world: World): World {
  const left = [...world.items, ...world.stragglers].map(({ attempt }) => attempt);
  const clients = world.clients.map((client, i): Client => {
    const { claim, crashed } = client;
    if (crashed) return { claim: null, removal: null, crashed, looking: null, revoked: false };
    if (claim === null) return client;
    const paused = claim.phase === 'pause' ? advance(claim, { is: 'done' }) : claim;
    const isFree = paused.mine === null && paused.phase !== 'create' && paused.phase !== 'find';
    const ours = left.filter((attempt) => attempt.startsWith(`c${i}.`)).map((a) => Number(a.slice(3)));
    const attempts = isFree ? Math.max(0, ...ours) : paused.attempts;
    const same = paused === claim && claim.round === 0 && claim.attempts === attempts;
    return same ? client : { ...client, claim: { ...paused, round: 0, attempts } };
  });
  const items = [...world.items].sort((a, b) => (a.uid < b.uid ? -1 : 1));
  return { ...world, items, clients };
}

/** The same for states that differ only in which of two clients with one aim is which. */
function keyOf(world: World, { clients: goals }: Scenario): string {
  const texts = world.clients.map(textOf);
  const locals = texts.map((text, i) => {
    let own = `${goals[i]} ${text.replaceAll(`c${i}.`, 'me.')}`;
    for (const { uid, stage } of world.items) if (uid.startsWith(`c${i}.`)) own += uid.slice(2) + stage;
    return own;
  });
  const order = locals.map((_, i) => i).sort((a, b) => ((locals[a] as string) < (locals[b] as string) ? -1 : 1));
  const items = world.items.map(({ uid, version, stage }) => `${uid} ${version}${stage}`);
  const stragglers = world.stragglers.map((s) => `${s.do}${s.uid}${s.attempt}${s.version}`);
  const isMoved = order.some((to, i) => to !== i);
  const rename = (text: string): string =>
    isMoved ? text.replace(/c(\d)\./g, (_, i) => `c${order.indexOf(Number(i))}.`) : text;
  return [
    ...items.map(rename).sort(),
    ...order.map((i) => rename(texts[i] as string)),
    ...stragglers.map(rename).sort(),
    world.crashes,
    world.losses,
  ].join('|');
}

const texts = new WeakMap<Client, string>();

/** All that tells one state of a client from another. */
function textOf(client: Client): string {
  let text = texts.get(client);
  if (text === undefined) {
    const { claim, removal, crashed, looking, revoked } = client;
    const { phase, attempts, mine, unsure, version, base, doomed, after } = claim ?? {};
    const rest = looking && [...looking.rest].sort();
    const seen = looking?.seen.map(({ uid, stage, stale }) => `${uid}${stage}${stale}`).sort();
    const all = [phase, attempts, mine, unsure, version, base?.uid, doomed, after, removal, rest, seen, revoked];
    text = crashed ? 'crashed' : JSON.stringify(all);
    texts.set(client, text);
  }
  return text;
}

/** A state from which no end can be reached; null when there is none. */
function cannotReach(ends: readonly number[], successors: readonly (readonly number[])[]): number | null {
  const before: number[][] = successors.map(() => []);
  for (const [i, next] of successors.entries()) for (const j of next) (before[j] as number[]).push(i);
  const reaches = new Uint8Array(successors.length);
  const open = [...ends];
  for (const i of open) reaches[i] = 1;
  for (let i = open.pop(); i !== undefined; i = open.pop())
    for (const j of before[i] as number[]) {
      if (reaches[j] === 1) continue;
      reaches[j] = 1;
      open.push(j);
    }
  const stuck = reaches.indexOf(0);
  return stuck < 0 ? null : stuck;
}

function traceOf(cameFrom: readonly { readonly from: number; readonly label: string }[], at: number): string[] {
  const trace: string[] = [];
  for (let i = at; i > 0; i = (cameFrom[i] as { from: number }).from)
    trace.unshift((cameFrom[i] as { label: string }).label);
  return trace;
}
