/**
 * The lane catches a leak in the shipped binary: each kind is planted at the head of an operation, reads one byte of its
 * key, and changes no result. Planted with a public byte in place of the key's, the same code passes.
 */
import binaryen from 'binaryen';
import { describe, expect, it } from 'vitest';
import { Secrets } from './secrets.ts';
import { SHIPPED, startTraced } from './traced-core.ts';

/** `secret()` makes the byte anew each time; there is a global `leak_i` for loops. */
type Leak = (m: binaryen.Module, secret: () => number) => number;

const LEAKS: Readonly<Record<string, { leak: Leak; site: string }>> = {
  if: {
    site: 'if #1',
    leak: (m, secret) => m.if(m.i32.and(secret(), m.i32.const(1)), m.nop()),
  },
  br_table: {
    site: 'br_table #1',
    leak: (m, secret) =>
      m.block('leak_a', [
        m.block('leak_b', [m.switch(['leak_a', 'leak_b'], 'leak_a', m.i32.and(secret(), m.i32.const(1)))]),
      ]),
  },
  'scalar load': {
    site: 'load #2',
    leak: (m, secret) => m.drop(m.i32.load8_u(0, 1, secret())), // load #1 reads the key's byte
  },
  'splat load': {
    site: 'v128.load #1',
    leak: (m, secret) => m.drop(m.v128.load8_splat(0, 1, secret())),
  },
  'lane load': {
    site: 'v128.lane #1',
    leak: (m, secret) => m.drop(m.v128.load8_lane(0, 1, 3, secret(), m.v128.const(new Array(16).fill(0)))),
  },
  'memory.copy length': {
    site: 'memory.copy length #1',
    leak: (m, secret) => m.memory.copy(m.i32.const(64), m.i32.const(64), secret()),
  },
  'early loop exit': {
    site: 'br_if #1',
    leak: (m, secret) => {
      const i = () => m.global.get('leak_i', binaryen.i32);
      return m.block('leak_out', [
        m.global.set('leak_i', m.i32.const(0)),
        m.loop(
          'leak_next',
          m.block(null, [
            m.br('leak_out', m.i32.eq(i(), m.i32.and(secret(), m.i32.const(15)))),
            m.global.set('leak_i', m.i32.add(i(), m.i32.const(1))),
            m.br('leak_next', m.i32.lt_u(i(), m.i32.const(16))),
          ]),
        ),
      ]);
    },
  },
};

/** A part of binaryen's interface that its types leave out. */
const binaryenFunction = (binaryen as unknown as { Function: { setBody(func: number, body: number): void } }).Function;

/** The shipped module with a leak at the head of `hmacOnce(dst, hash, key, keyLen, src, len)`. */
function plant(leak: Leak, readsKey: boolean): Uint8Array {
  const m = binaryen.readBinary(SHIPPED);
  m.setFeatures(binaryen.Features.All);
  const func = m.getFunction(binaryen.getExportInfo(m.getExport('hmacOnce')).value);
  const { body } = binaryen.getFunctionInfo(func);
  m.addGlobal('leak_i', binaryen.i32, true, m.i32.const(0));
  const secret = () => (readsKey ? m.i32.load8_u(0, 1, m.local.get(2, binaryen.i32)) : m.i32.const(11));
  binaryenFunction.setBody(func, m.block(null, [leak(m, secret), body], binaryen.i32));
  expect(m.validate()).toBe(1);
  const bytes = m.emitBinary();
  m.dispose();
  return bytes;
}

describe('planted in the shipped binary', () => {
  for (const [name, { leak, site }] of Object.entries(LEAKS)) {
    it(`catches: ${name}`, async () => {
      const [caught, missed] = [await traceHmac(plant(leak, true)), await traceHmac(plant(leak, false))];
      expect(caught?.site?.name).toBe(`hash/hmac/hmacOnce: ${site}`);
      expect(missed).toBeNull();
    });
  }
});

/** Where the traces of two HMACs under different keys part. */
async function traceHmac(bytes: Uint8Array) {
  const { core, tracer } = await startTraced(bytes);
  const secrets = new Secrets(1);
  const text = secrets.bytes(40);
  const keys = [Uint8Array.of(2, ...secrets.bytes(31)), Uint8Array.of(5, ...secrets.bytes(31))] as const;
  const want = core.hmac('sha256', keys[0], text);
  expect(want).toEqual(core.hmac('sha256', keys[0], text));
  return tracer.firstDifference(
    () => core.hmac('sha256', keys[0], text),
    () => core.hmac('sha256', keys[1], text),
  );
}
