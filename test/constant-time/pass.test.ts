/** The pass itself: it refuses what it does not know, keeps what a module computes, and catches each kind of leak. */
import { readFileSync } from 'node:fs';
import binaryen from 'binaryen';
import { describe, expect, it } from 'vitest';
import { instrument, UnknownInstruction } from './pass.mjs';
import { type TraceGlobals, Tracer } from './trace.ts';

/** Assembles a module around `body`, a function of one parameter: the secret, as a number 0..255. */
function assemble(body: string, extra = ''): Uint8Array {
  const module = binaryen.parseText(`(module
    (memory (export "memory") 1 1)
    ${extra}
    (func $clear (param i32 i32) (memory.fill (local.get 0) (i32.const 0) (local.get 1)))
    (func (export "run") (param $secret i32) (result i32) (local $i i32) (local $v v128)
      ${body}))`);
  module.setFeatures(binaryen.Features.All);
  const bytes = module.emitBinary();
  module.dispose();
  return bytes;
}

function traced(body: string): { run(secret: number): number; tracer: Tracer } {
  const { bytes, sites } = instrument(assemble(body), { watch: 'trace', describe: true });
  const exports = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as unknown as TraceGlobals & {
    run(secret: number): number;
  };
  return { run: exports.run, tracer: new Tracer(exports, sites) };
}

// Each does the same job with and without the leak; `site` is where the pass must see it.
const LEAKS: Readonly<Record<string, { leak: string; site: string; clean: string }>> = {
  'if on a secret': {
    leak: '(if (result i32) (i32.and (local.get $secret) (i32.const 1)) (then (i32.const 7)) (else (i32.const 9)))',
    site: 'if #1',
    clean: '(i32.sub (i32.const 9) (i32.shl (i32.and (local.get $secret) (i32.const 1)) (i32.const 1)))',
  },
  'br_if on a secret': {
    leak: '(block $out (br_if $out (i32.and (local.get $secret) (i32.const 1))) (local.set $i (i32.const 1))) (local.get $i)',
    site: 'br_if #1',
    clean: '(i32.xor (i32.and (local.get $secret) (i32.const 1)) (i32.const 1))',
  },
  'select on a secret': {
    leak: '(select (i32.const 7) (i32.const 9) (i32.and (local.get $secret) (i32.const 1)))',
    site: 'select #1',
    clean: '(i32.sub (i32.const 9) (i32.shl (i32.and (local.get $secret) (i32.const 1)) (i32.const 1)))',
  },
  'br_table on a secret': {
    leak: `(block $b (block $a (br_table $a $b (i32.and (local.get $secret) (i32.const 1)))) (local.set $i (i32.const 1)))
      (local.get $i)`,
    site: 'br_table #1',
    clean: '(i32.xor (i32.and (local.get $secret) (i32.const 1)) (i32.const 1))',
  },
  'scalar load at a secret address': {
    leak: '(i32.load8_u (local.get $secret))',
    site: 'load #1',
    clean: '(i32.and (i32.load8_u (i32.const 5)) (local.get $secret))',
  },
  'store at a secret address': {
    leak: '(i32.store8 (local.get $secret) (i32.const 1)) (i32.const 0)',
    site: 'store #1',
    clean: '(i32.store8 (i32.const 5) (local.get $secret)) (i32.const 0)',
  },
  'splat load at a secret address': {
    leak: '(i8x16.extract_lane_u 3 (v128.load8_splat (local.get $secret)))',
    site: 'v128.load #1',
    clean: '(i8x16.extract_lane_u 3 (i8x16.splat (local.get $secret)))',
  },
  'lane load at a secret address': {
    leak: '(i8x16.extract_lane_u 3 (v128.load8_lane 3 (local.get $secret) (local.get $v)))',
    site: 'v128.lane #1',
    clean: '(i8x16.extract_lane_u 3 (v128.load8_lane 3 (i32.const 9) (i8x16.splat (local.get $secret))))',
  },
  'lane store at a secret address': {
    leak: '(v128.store8_lane 3 (local.get $secret) (local.get $v)) (i32.const 0)',
    site: 'v128.lane #1',
    clean: '(v128.store8_lane 3 (i32.const 9) (i8x16.splat (local.get $secret))) (i32.const 0)',
  },
  'memory.copy of a secret length': {
    leak: '(memory.copy (i32.const 0) (i32.const 512) (local.get $secret)) (i32.const 0)',
    site: 'memory.copy length #1',
    clean:
      '(i32.store8 (i32.const 512) (local.get $secret)) (memory.copy (i32.const 0) (i32.const 512) (i32.const 8)) (i32.const 0)',
  },
  'memory.copy from a secret address': {
    leak: '(memory.copy (i32.const 0) (local.get $secret) (i32.const 4)) (i32.const 0)',
    site: 'memory.copy from #1',
    clean: '(local.get $secret)',
  },
  'memory.fill with a secret value': {
    leak: '(memory.fill (i32.const 0) (local.get $secret) (i32.const 4)) (i32.const 0)',
    site: 'memory.fill value #1',
    clean: '(call $clear (i32.const 0) (i32.const 4)) (local.get $secret)',
  },
  'a loop left early': {
    leak: `(loop $next
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $i) (local.get $secret))))
      (local.get $i)`,
    site: 'br_if #1',
    clean: `(loop $next
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $i) (i32.const 256))))
      (i32.add (local.get $i) (local.get $secret))`,
  },
  'division of a secret': {
    leak: '(i32.div_u (i32.const 1000) (i32.add (local.get $secret) (i32.const 1)))',
    site: 'division #2',
    clean: '(i32.mul (i32.const 1000) (i32.add (local.get $secret) (i32.const 1)))',
  },
};

describe('planted leaks', () => {
  for (const [name, { leak, site, clean }] of Object.entries(LEAKS)) {
    it(`catches: ${name}`, () => {
      const bad = traced(leak);
      const parting = bad.tracer.firstDifference(
        () => void bad.run(8),
        () => void bad.run(129),
      );
      expect(parting?.site?.name).toMatch(new RegExp(`: ${site}$`));
      expect(parting?.values[0]).not.toBe(parting?.values[1]);
      const good = traced(clean);
      expect(good.tracer.trace(() => void good.run(8))).toEqual(good.tracer.trace(() => void good.run(129)));
    });
  }

  it('the order of two observations counts', () => {
    const one = traced(
      '(drop (i32.load8_u (local.get $secret))) (i32.load8_u (i32.sub (i32.const 24) (local.get $secret)))',
    );
    expect(one.tracer.trace(() => void one.run(8)).hash).not.toBe(one.tracer.trace(() => void one.run(16)).hash);
  });
});

describe('the shipped binaries', () => {
  for (const name of ['core', 'legacy']) {
    it(`the pass knows every instruction of ${name}.wasm, and the result is valid`, () => {
      const bytes = readFileSync(new URL(`../../dist/${name}.wasm`, import.meta.url));
      for (const watch of ['trace', 'edges'] as const) {
        const instrumented = instrument(bytes, { watch });
        expect(instrumented.sites.length).toBeGreaterThan(100);
        expect(WebAssembly.validate(instrumented.bytes)).toBe(true);
      }
    });
  }
});

describe('what the pass refuses', () => {
  const table = '(table 1 funcref) (type $t (func (result i32)))';
  const refused: Readonly<Record<string, readonly [string, string?]>> = {
    CallIndirect: ['(call_indirect (type $t) (local.get $secret))', table],
    TableSize: ['(table.size)', table],
    RefIsNull: ['(ref.is_null (table.get (i32.const 0)))', table],
    MemoryGrow: ['(memory.grow (local.get $secret))'],
    MemorySize: ['(memory.size)'],
    MemoryInit: ['(memory.init $d (i32.const 0) (i32.const 0) (i32.const 1)) (i32.const 0)', '(data $d "a")'],
    DataDrop: ['(data.drop $d) (i32.const 0)', '(data $d "a")'],
    'atomic Load': ['(i32.atomic.load (local.get $secret))'],
    'atomic Store': ['(i32.atomic.store (local.get $secret) (i32.const 1)) (i32.const 0)'],
    AtomicRMW: ['(i32.atomic.rmw.add (local.get $secret) (i32.const 1))'],
    'operation \\d+ of Unary': ['(i32.trunc_sat_f64_s (f64.convert_i32_s (local.get $secret)))'],
    'value of type': ['(drop (f64.const 1)) (i32.const 0)'],
    'operation \\d+ of Binary': ['(i8x16.extract_lane_s 0 (f32x4.div (local.get $v) (local.get $v)))'],
    'operation \\d+ of SIMDTernary': [
      '(i8x16.extract_lane_s 0 (i8x16.relaxed_laneselect (local.get $v) (local.get $v) (local.get $v)))',
    ],
    'tail call': ['(return_call 1 (local.get $secret))'],
    'imported function': ['(call $f) (local.get $secret)', '(import "a" "b" (func $f))'],
  };
  for (const [what, [body, extra]] of Object.entries(refused)) {
    it(what, () => {
      // An import must stand before the memory in the text.
      const bytes = what === 'imported function' ? withImport(body, extra ?? '') : assemble(body, extra);
      expect(() => instrument(bytes, { watch: 'trace' })).toThrow(UnknownInstruction);
      expect(() => instrument(bytes, { watch: 'trace' })).toThrow(new RegExp(what));
    });
  }

  function withImport(body: string, imported: string): Uint8Array {
    const module = binaryen.parseText(
      `(module ${imported} (memory 1 1) (func (export "run") (param $secret i32) (result i32) ${body}))`,
    );
    const bytes = module.emitBinary();
    module.dispose();
    return bytes;
  }
});
