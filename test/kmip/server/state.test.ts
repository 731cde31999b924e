/** Object states: every operation in every state, and dates that come to pass. */
import { describe, expect, it } from 'vitest';
import { type Bench, openBench, START } from './engine-support.ts';
import { aesKey, revocation, stateOf } from './objects.ts';

const STATES = ['PreActive', 'Active', 'Deactivated', 'Compromised', 'Destroyed', 'DestroyedCompromised'] as const;
type StateName = (typeof STATES)[number];

/** Makes a key that is in a state. */
async function keyIn(bench: Bench, state: StateName): Promise<string> {
  const { uniqueIdentifier } = await bench.ok('Create', aesKey());
  const steps: Record<StateName, readonly (() => Promise<unknown>)[]> = {
    PreActive: [],
    Active: [activate],
    Deactivated: [activate, () => revoke('CessationOfOperation')],
    Compromised: [() => revoke('KeyCompromise')],
    Destroyed: [destroy],
    DestroyedCompromised: [() => revoke('KeyCompromise'), destroy],
  };
  for (const step of steps[state]) await step();
  return uniqueIdentifier;

  function activate(): Promise<unknown> {
    return bench.ok('Activate', { uniqueIdentifier });
  }
  function revoke(code: 'KeyCompromise' | 'CessationOfOperation'): Promise<unknown> {
    return bench.ok('Revoke', { uniqueIdentifier, ...revocation(code) });
  }
  function destroy(): Promise<unknown> {
    return bench.ok('Destroy', { uniqueIdentifier });
  }
}

/** To what state an operation leads; a Result Reason where it is refused. */
const TABLE: Readonly<Record<string, Readonly<Record<StateName, string>>>> = {
  Activate: {
    PreActive: 'Active',
    Active: 'PermissionDenied',
    Deactivated: 'PermissionDenied',
    Compromised: 'PermissionDenied',
    Destroyed: 'ItemNotFound',
    DestroyedCompromised: 'ItemNotFound',
  },
  'Revoke CessationOfOperation': {
    PreActive: 'IllegalOperation',
    Active: 'Deactivated',
    Deactivated: 'IllegalOperation',
    Compromised: 'IllegalOperation',
    Destroyed: 'IllegalOperation',
    DestroyedCompromised: 'IllegalOperation',
  },
  'Revoke KeyCompromise': {
    PreActive: 'Compromised',
    Active: 'Compromised',
    Deactivated: 'Compromised',
    Compromised: 'IllegalOperation',
    Destroyed: 'DestroyedCompromised',
    DestroyedCompromised: 'IllegalOperation',
  },
  'Revoke CACompromise': {
    PreActive: 'Compromised',
    Active: 'Compromised',
    Deactivated: 'Compromised',
    Compromised: 'IllegalOperation',
    Destroyed: 'DestroyedCompromised',
    DestroyedCompromised: 'IllegalOperation',
  },
  Destroy: {
    PreActive: 'Destroyed',
    Active: 'PermissionDenied',
    Deactivated: 'Destroyed',
    Compromised: 'DestroyedCompromised',
    Destroyed: 'ItemNotFound',
    DestroyedCompromised: 'ItemNotFound',
  },
  Get: {
    PreActive: 'PreActive',
    Active: 'Active',
    Deactivated: 'Deactivated',
    Compromised: 'Compromised',
    Destroyed: 'ItemNotFound',
    DestroyedCompromised: 'ItemNotFound',
  },
  Encrypt: {
    PreActive: 'PermissionDenied',
    Active: 'Active',
    Deactivated: 'PermissionDenied',
    Compromised: 'PermissionDenied',
    Destroyed: 'ItemNotFound',
    DestroyedCompromised: 'ItemNotFound',
  },
  Decrypt: {
    PreActive: 'PermissionDenied',
    Active: 'Active',
    Deactivated: 'Deactivated',
    Compromised: 'Compromised',
    Destroyed: 'ItemNotFound',
    DestroyedCompromised: 'ItemNotFound',
  },
};

async function perform(bench: Bench, operation: string, uniqueIdentifier: string): Promise<string> {
  const [name, code] = operation.split(' ') as ['Activate' | 'Revoke' | 'Destroy' | 'Get' | 'Encrypt', 'KeyCompromise'];
  const cipher = { cryptographicParameters: { blockCipherMode: 'ECB' as const }, data: new Uint8Array(16) };
  const payload = name === 'Revoke' ? revocation(code) : ['Encrypt', 'Decrypt'].includes(name) ? cipher : {};
  const item = await bench.ask(name, { uniqueIdentifier, ...payload } as never);
  return item.resultStatus === 'Success' ? await stateOf(bench, uniqueIdentifier) : String(item.resultReason);
}

describe('states', () => {
  for (const [operation, row] of Object.entries(TABLE))
    it(`${operation}: in every state`, async () => {
      await using bench = await openBench();
      for (const state of STATES) {
        const uniqueIdentifier = await keyIn(bench, state);
        expect(await stateOf(bench, uniqueIdentifier)).toBe(state);
        const result = await perform(bench, operation, uniqueIdentifier);
        expect(`${state} → ${result}`).toBe(`${state} → ${row[state]}`);
        // What is refused changes nothing.
        if (!STATES.includes(result as StateName)) expect(await stateOf(bench, uniqueIdentifier)).toBe(state);
      }
    });

  it('sets the dates and the reason', async () => {
    await using bench = await openBench();
    const uniqueIdentifier = await keyIn(bench, 'PreActive');
    bench.now = START + 10;
    await bench.ok('Activate', { uniqueIdentifier });
    bench.now = START + 20;
    await bench.ok('Revoke', {
      uniqueIdentifier,
      ...revocation('KeyCompromise'),
      compromiseOccurrenceDate: BigInt(START + 5),
    });
    bench.now = START + 30;
    await bench.ok('Destroy', { uniqueIdentifier });
    const { attribute = [] } = await bench.ok('GetAttributes', { uniqueIdentifier });
    const dates = Object.fromEntries(attribute.map((one) => [one.attributeName, one.attributeValue]));
    expect(dates).toMatchObject({
      'Initial Date': BigInt(START),
      'Activation Date': BigInt(START + 10),
      'Compromise Date': BigInt(START + 20),
      'Compromise Occurrence Date': BigInt(START + 5),
      'Destroy Date': BigInt(START + 30),
      'Last Change Date': BigInt(START + 30),
      'Revocation Reason': { revocationReasonCode: 'KeyCompromise' },
    });
  });
});

describe('dates that come to pass', () => {
  it('activate and deactivate without anyone doing anything', async () => {
    await using bench = await openBench();
    const dates = { 'Activation Date': BigInt(START + 100), 'Deactivation Date': BigInt(START + 200) };
    const { uniqueIdentifier } = await bench.ok('Create', aesKey(dates));
    const seen: string[] = [];
    for (const second of [0, 99, 100, 199, 200, 1000]) {
      bench.now = START + second;
      seen.push(await stateOf(bench, uniqueIdentifier));
    }
    expect(seen).toEqual(['PreActive', 'PreActive', 'Active', 'Active', 'Deactivated', 'Deactivated']);
  });

  it('stay passed when the clock is set back', async () => {
    await using bench = await openBench();
    const dates = { 'Activation Date': BigInt(START), 'Deactivation Date': BigInt(START + 100) };
    const { uniqueIdentifier } = await bench.ok('Create', aesKey(dates));
    bench.now = START + 100;
    expect(await stateOf(bench, uniqueIdentifier)).toBe('Deactivated');
    bench.now = START + 50;
    expect(await stateOf(bench, uniqueIdentifier)).toBe('Deactivated');
  });

  it('both at once, when nobody looked between', async () => {
    await using bench = await openBench();
    const dates = { 'Activation Date': BigInt(START + 1), 'Deactivation Date': BigInt(START + 2) };
    const { uniqueIdentifier } = await bench.ok('Create', aesKey(dates));
    bench.now = START + 3;
    expect(await stateOf(bench, uniqueIdentifier)).toBe('Deactivated');
    expect(await bench.refused('Activate', { uniqueIdentifier })).toBe('PermissionDenied');
    await bench.ok('Destroy', { uniqueIdentifier });
  });

  it('find objects by the state that they are in now', async () => {
    await using bench = await openBench();
    const { uniqueIdentifier } = await bench.ok('Create', aesKey({ 'Activation Date': BigInt(START + 100) }));
    const locate = async (state: 'PreActive' | 'Active'): Promise<readonly string[] | undefined> =>
      (await bench.ok('Locate', { attribute: [{ attributeName: 'State', attributeValue: state }] })).uniqueIdentifier;
    expect(await locate('PreActive')).toEqual([uniqueIdentifier]);
    bench.now = START + 100;
    expect(await locate('PreActive')).toBeUndefined();
    expect(await locate('Active')).toEqual([uniqueIdentifier]);
  });

  it('start at once when they lie in the past', async () => {
    await using bench = await openBench();
    const { uniqueIdentifier } = await bench.ok('Create', aesKey({ 'Activation Date': BigInt(START - 5) }));
    expect(await stateOf(bench, uniqueIdentifier)).toBe('Active');
    const other = await keyIn(bench, 'PreActive');
    const attribute = { attributeName: 'Activation Date' as const, attributeValue: BigInt(START - 1) };
    await bench.ok('AddAttribute', { uniqueIdentifier: other, attribute });
    expect(await stateOf(bench, other)).toBe('Active');
  });

  it('limit the use of a key inside of its state', async () => {
    await using bench = await openBench();
    const dates = {
      'Activation Date': BigInt(START),
      'Process Start Date': BigInt(START + 100),
      'Protect Stop Date': BigInt(START + 200),
    };
    const { uniqueIdentifier } = await bench.ok('Create', aesKey(dates));
    const payload = {
      uniqueIdentifier,
      cryptographicParameters: { blockCipherMode: 'ECB' as const },
      data: new Uint8Array(16),
    };
    const tries = async (): Promise<string> =>
      `${(await bench.ask('Encrypt', payload)).resultStatus} ${(await bench.ask('Decrypt', payload)).resultStatus}`;
    expect(await tries()).toBe('Success OperationFailed');
    bench.now = START + 100;
    expect(await tries()).toBe('Success Success');
    bench.now = START + 200;
    expect(await tries()).toBe('OperationFailed Success');
  });

  it('are not moved once they have come to pass', async () => {
    await using bench = await openBench();
    const names = ['Process Start Date', 'Protect Stop Date'] as const;
    const dates = {
      'Activation Date': BigInt(START),
      ...Object.fromEntries(names.map((n) => [n, BigInt(START + 100)])),
    };
    const { uniqueIdentifier } = await bench.ok('Create', aesKey(dates));
    const move = (attributeName: (typeof names)[number]) => {
      const attribute = { attributeName, attributeValue: BigInt(START + 200) } as const;
      return bench.ask('ModifyAttribute', { uniqueIdentifier, attribute });
    };
    for (const name of names) expect(await move(name)).toMatchObject({ resultStatus: 'Success' });
    bench.now = START + 200;
    for (const name of names) expect(await move(name)).toMatchObject({ resultReason: 'PermissionDenied' });
  });
});
