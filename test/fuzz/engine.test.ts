/** The fuzzer finds what it is for: faults planted behind nested conditions, each reproducible from the seed. */
import binaryen from 'binaryen';
import { describe, expect, it } from 'vitest';
import { EDGE_MAP_BYTES, instrument } from '../constant-time/pass.mjs';
import { derCodec, ttlvCodec } from './codecs.mjs';
import { type Codec, Finding, Fuzzer, Instrumented, type Target } from './engine.mjs';

const INPUT = 32768;

/** Nested conditions on the first bytes of the input ("K", then "W", then below "0"), then `fault`. */
function planted(fault: string): Target & { instance: Instrumented } {
  const byte = (n: number) => `(i32.load8_u offset=${INPUT + n} (i32.const 0))`;
  const module = binaryen.parseText(`(module (memory (export "memory") 1 1) (func (export "run") (param $length i32)
    (if (i32.lt_u (local.get $length) (i32.const 4)) (then (return)))
    (if (i32.eq ${byte(0)} (i32.const 75)) (then
      (if (i32.eq ${byte(1)} (i32.const 87)) (then
        (if (i32.lt_u ${byte(2)} (i32.const 48)) (then ${fault}))))))))`);
  module.setFeatures(binaryen.Features.All);
  const { bytes, mapAddress } = instrument(module.emitBinary(), { watch: 'edges' });
  module.dispose();
  const exports = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as WebAssembly.Exports & {
    memory: WebAssembly.Memory;
    run(length: number): void;
  };
  const memory = new Uint8Array(exports.memory.buffer);
  return {
    name: 'planted',
    codec: derCodec,
    maxBytes: 64,
    instance: new Instrumented(exports, mapAddress, EDGE_MAP_BYTES, 1024),
    isExpected: () => false,
    run(input) {
      memory.set(input, INPUT);
      try {
        exports.run(input.length);
      } finally {
        memory.fill(0, INPUT, INPUT + input.length);
      }
    },
  };
}

function findingOf(fault: string, seed: number, runs = 300_000): Finding | undefined {
  const target = planted(fault);
  target.instance.fuel = 1_000_000;
  const fuzzer = new Fuzzer(target, target.instance, seed);
  fuzzer.add(new Uint8Array(8).fill(0x61));
  try {
    fuzzer.fuzz({ runs });
  } catch (error) {
    if (error instanceof Finding) return error;
    throw error;
  }
  return undefined;
}

describe('planted faults', () => {
  const faults: Readonly<Record<string, string>> = {
    'unexpected error': '(unreachable)',
    hang: '(loop $forever (br_if $forever (i32.const 1)))',
    residue: '(i32.store8 (i32.const 5000) (i32.const 1))',
  };
  for (const [kind, fault] of Object.entries(faults)) {
    it(`finds: ${kind}`, () => {
      const found = findingOf(fault, 1);
      expect(found?.kind).toBe(kind);
      expect([...found!.input.subarray(0, 2)]).toEqual([75, 87]);
      expect(found!.input[2]).toBeLessThan(48);
    });
  }

  it('the same seed finds the same input', () => {
    const again = findingOf('(unreachable)', 7);
    expect(again?.kind).toBe('unexpected error');
    expect(findingOf('(unreachable)', 7)?.input).toEqual(again?.input);
  });

  it('finds nothing where nothing is', () => {
    expect(findingOf('(nop)', 1, 20_000)).toBeUndefined();
  });
});

describe('codecs', () => {
  const roundTrips: readonly (readonly [string, Codec, string])[] = [
    ['DER', derCodec, '3016020103300b06092a864886f70d0107010404020200ff'],
    ['TTLV', ttlvCodec, '4200780100000018420069020000000400000001000000005400010700000000'],
  ];
  for (const [name, codec, hex] of roundTrips) {
    it(`${name}: what was read is written back unchanged, and every cut of it is no forest`, () => {
      const bytes = Uint8Array.from(Buffer.from(hex, 'hex'));
      const forest = codec.parse(bytes);
      expect(forest).not.toBeNull();
      expect(codec.encode(forest!)).toEqual(bytes);
      for (let n = 1; n < bytes.length; n++) expect(codec.parse(bytes.subarray(0, n)), String(n)).toBeNull();
    });
  }
});
