/** The zero-memory lane catches what it is for: a byte left anywhere, a constant changed; and it is wired to every test file. */
import { afterEach, describe, expect, it } from 'vitest';
import { CONSTANTS_BYTES, CORE_REGIONS } from '../../src/core/generated/layout.ts';
import { core, memory } from '../../src/core/wasm.ts';
import { assertNothingLeft, cleanMemory, findResidue, SLOT_REGIONS, watchedInstances } from './memory.ts';

core(); // makes the instance that setup.ts watches
const instance = watchedInstances()[0]!;

afterEach(cleanMemory);

describe('planted residue', () => {
  it('the instance is watched, and clean to begin with', () => {
    expect(watchedInstances().map((i) => i.name)).toEqual(['core']);
    expect(findResidue(instance)).toEqual([]);
  });

  for (const { name, address, bytes } of CORE_REGIONS) {
    it(`one byte at either end of ${name}`, () => {
      for (const offset of [0, bytes - 1]) {
        memory()[address + offset] = 1;
        expect(findResidue(instance)).toEqual([
          { module: 'core', region: name, offset, address: address + offset, bytes: 1 },
        ]);
        expect(() => assertNothingLeft('a call')).toThrow(
          `core: ${name} + ${offset} (address ${address + offset}): 1 byte(s) not zero`,
        );
        memory()[address + offset] = 0;
      }
    });
  }

  it('the last byte of memory, past every region', () => {
    const last = memory().length - 1;
    memory()[last] = 0xff;
    expect(findResidue(instance)).toMatchObject([{ address: last, bytes: 1 }]);
  });

  it('slots are excused only where they are allowed', () => {
    for (const { name, address } of CORE_REGIONS.filter((r) => SLOT_REGIONS.includes(r.name))) {
      memory()[address + 100] = 1;
      expect(findResidue(instance)).toMatchObject([{ region: name, offset: 100 }]);
      expect(findResidue(instance, SLOT_REGIONS)).toEqual([]);
      memory()[address + 100] = 0;
    }
    const after = CORE_REGIONS[CORE_REGIONS.findLastIndex((r) => SLOT_REGIONS.includes(r.name)) + 1]!;
    memory()[after.address - 1] = 1;
    memory()[after.address] = 1;
    expect(findResidue(instance, SLOT_REGIONS)).toMatchObject([{ region: after.name, offset: 0, bytes: 1 }]);
  });

  it('a byte of the constants changed', () => {
    for (const at of [0, 64, CONSTANTS_BYTES - 1]) {
      const old = memory()[at]!;
      memory()[at] = old ^ 0x80;
      expect(findResidue(instance)).toEqual([
        { module: 'core', region: 'CONSTANTS', offset: at, address: at, bytes: 1 },
      ]);
      memory()[at] = old;
    }
  });

  it('neighbouring bytes are one run, and no value is shown', () => {
    const { address } = CORE_REGIONS.find((r) => r.name === 'OUT')!;
    memory().fill(0xab, address + 7, address + 39);
    expect(findResidue(instance)).toMatchObject([{ region: 'OUT', offset: 7, bytes: 32 }]);
    expect(() => assertNothingLeft('a call')).toThrow(/^(?![\s\S]*(ab|171))/);
  });
});
