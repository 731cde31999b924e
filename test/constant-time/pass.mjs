// The pass over a compiled module that the constant-time lane and the fuzz lane share. It walks every expression of every
// function with binaryen.js and wraps operands in calls to a small function of its own:
//   'trace'  everything that time or a cache can show: conditions, addresses, operands of bulk-memory instructions and of
//            divisions are folded, with the site's number, into a running hash;
//   'edges'  conditions only: each outcome is counted in a map of pairs (this site, the one before).
// What the walk does not know by name it refuses, so that a new instruction cannot slip past. Layer: test only.
import binaryen from 'binaryen';

/** Operands folded into the trace, by instruction: [binaryen's class, { operand: kind of site }, operands only visited]. */
const INSTRUCTIONS = [
  ['Nop', {}, []],
  ['Unreachable', {}, []],
  ['Const', {}, []],
  ['LocalGet', {}, []],
  ['GlobalGet', {}, []],
  ['Loop', {}, ['Body']],
  ['LocalSet', {}, ['Value']],
  ['GlobalSet', {}, ['Value']],
  ['Drop', {}, ['Value']],
  ['Return', {}, ['Value']],
  ['If', { Condition: 'if' }, ['IfTrue', 'IfFalse']],
  ['Break', { Condition: 'br_if' }, ['Value']],
  ['Switch', { Condition: 'br_table' }, ['Value']],
  ['Select', { Condition: 'select' }, ['IfTrue', 'IfFalse']],
  ['Load', { Ptr: 'load' }, []],
  ['Store', { Ptr: 'store' }, ['Value']],
  ['Unary', {}, ['Value']],
  ['Binary', {}, ['Left', 'Right']],
  ['SIMDExtract', {}, ['Vec']],
  ['SIMDReplace', {}, ['Vec', 'Value']],
  ['SIMDShuffle', {}, ['Left', 'Right']],
  ['SIMDTernary', {}, ['A', 'B', 'C']],
  ['SIMDShift', {}, ['Vec', 'Shift']],
  ['SIMDLoad', { Ptr: 'v128.load' }, []], // splat, widening and zero-extending loads
  ['SIMDLoadStoreLane', { Ptr: 'v128.lane' }, ['Vec']],
  ['MemoryCopy', { Dest: 'memory.copy to', Source: 'memory.copy from', Size: 'memory.copy length' }, []],
  ['MemoryFill', { Dest: 'memory.fill to', Value: 'memory.fill value', Size: 'memory.fill length' }, []],
];

const CONDITIONS = new Set(['if', 'br_if', 'br_table', 'select']);
const INTEGER = ['Int32', 'Int64'];
const LANES = ['VecI8x16', 'VecI16x8', 'VecI32x4', 'VecI64x2'];

/** The constants of binaryen whose name is one of `stems` followed by one of `tails`, where such a constant exists. */
function operations(stems, tails) {
  const found = new Set();
  for (const stem of stems) {
    for (const tail of tails) {
      const op = binaryen[stem + tail];
      if (op !== undefined) found.add(op);
    }
  }
  return found;
}

const union = (...sets) => new Set(sets.flatMap((s) => [...s]));

/** Divisions take a time that depends on their operands on many processors: allowed, but their operands are folded. */
const DIVISIONS = operations(['DivS', 'DivU', 'RemS', 'RemU'], INTEGER);

/** Operations whose time does not depend on their operands. Floating point is not among them. */
const OPERATIONS = {
  Unary: union(
    operations(['Clz', 'Ctz', 'Popcnt', 'EqZ', 'ExtendS8', 'ExtendS16', 'ExtendS32', 'ExtendS', 'ExtendU'], INTEGER),
    operations(['Wrap'], INTEGER),
    operations(['Splat', 'Abs', 'Neg', 'Popcnt', 'AllTrue', 'Bitmask'], LANES),
    operations(['Not', 'AnyTrue'], ['Vec128']),
    operations(
      ['LowSVec', 'HighSVec', 'LowUVec', 'HighUVec'].map((s) => `Extend${s}`),
      ['I8x16ToVecI16x8', 'I16x8ToVecI32x4', 'I32x4ToVecI64x2'],
    ),
  ),
  Binary: union(
    operations(['Add', 'Sub', 'Mul', 'And', 'Or', 'Xor', 'Shl', 'ShrU', 'ShrS', 'RotL', 'RotR'], INTEGER),
    operations(['Eq', 'Ne', 'LtS', 'LtU', 'LeS', 'LeU', 'GtS', 'GtU', 'GeS', 'GeU'], [...INTEGER, ...LANES]),
    operations(['Add', 'Sub', 'Mul', 'AddSatS', 'AddSatU', 'SubSatS', 'SubSatU'], LANES),
    operations(['MinS', 'MinU', 'MaxS', 'MaxU', 'AvgrU', 'Swizzle'], LANES),
    operations(['And', 'Or', 'Xor', 'AndNot'], ['Vec128']),
    operations(['NarrowSVec', 'NarrowUVec'], ['I16x8ToVecI8x16', 'I32x4ToVecI16x8']),
    DIVISIONS,
  ),
  SIMDTernary: operations(['Bitselect'], ['Vec128']),
};

/** What the modules are compiled with, and exported mutable globals for the pass itself. Anything else is not valid here. */
const FEATURES = ['MutableGlobals', 'SignExt', 'NontrappingFPToInt', 'BulkMemory', 'BulkMemoryOpt', 'SIMD128']
  .map((name) => binaryen.Features[name])
  .reduce((all, one) => all | one, 0);

const TYPES = new Set([binaryen.none, binaryen.unreachable, binaryen.i32, binaryen.i64, binaryen.v128]);

/** Instruction id -> its row above. Block and Call have lists of operands and are handled by themselves. */
const BY_ID = new Map(INSTRUCTIONS.map((row) => [binaryen[`${row[0]}Id`], row]));

/** Names of all ids, for the refusal's message. */
function idName(id) {
  const name = Object.keys(binaryen).find((k) => /^[A-Z]\w+Id$/.test(k) && binaryen[k] === id);
  return name ? name.slice(0, -2) : `number ${id}`;
}

/** What the walk met that it does not know. */
export class UnknownInstruction extends Error {
  constructor(what, functionName) {
    super(`the pass does not know ${what}, in ${functionName}`);
    this.name = 'UnknownInstruction';
  }
}

class Walk {
  constructor(functionName, describe, fold) {
    this.functionName = functionName;
    this.describe = describe;
    this.fold = fold;
  }

  refuse(what) {
    throw new UnknownInstruction(what, this.functionName);
  }

  /** Visits one expression and all below it; operands that are folded get their wrapper after their own visit. */
  visit(expr) {
    const id = binaryen.getExpressionId(expr);
    const type = binaryen.getExpressionType(expr);
    if (!TYPES.has(type)) this.refuse(`a value of type ${type} (${idName(id)})`);
    if (id === binaryen.BlockId) return this.visitList(expr, binaryen.Block, 'Child', 'Children');
    if (id === binaryen.CallId) {
      if (binaryen.Call.isReturn(expr)) this.refuse('a tail call');
      return this.visitList(expr, binaryen.Call, 'Operand', 'Operands');
    }
    const row = BY_ID.get(id);
    if (row === undefined) this.refuse(`the instruction ${idName(id)}`);
    const [name, folded, visited] = row;
    const access = binaryen[name];
    this.checkVariant(name, access, expr);
    const isDivision = name === 'Binary' && DIVISIONS.has(access.getOp(expr));
    for (const operand of [...Object.keys(folded), ...visited]) {
      const child = access[`get${operand}`](expr);
      if (child === 0) continue; // an optional operand, absent
      const kind = folded[operand] ?? (isDivision ? 'division' : undefined);
      const text = kind && this.describe ? binaryen.emitText(child).replace(/\s+/g, ' ').trim() : '';
      this.visit(child);
      if (kind) this.wrap(expr, access, operand, child, kind, text);
    }
  }

  visitList(expr, access, one, many) {
    const count = access[`getNum${many}`](expr);
    for (let i = 0; i < count; i++) this.visit(access[`get${one}At`](expr, i));
  }

  /** Refuses what an instruction that is known by its kind may still hide: an operation, an atomic access. */
  checkVariant(name, access, expr) {
    const known = OPERATIONS[name];
    if (known !== undefined && !known.has(access.getOp(expr)))
      this.refuse(`operation ${access.getOp(expr)} of ${name}`);
    if ((name === 'Load' || name === 'Store') && access.isAtomic(expr)) this.refuse(`an atomic ${name}`);
  }

  wrap(expr, access, operand, child, kind, text) {
    const type = binaryen.getExpressionType(child);
    if (type === binaryen.unreachable) return; // never evaluated to a value
    const wrapped = this.fold(kind, child, type, text);
    if (wrapped !== child) access[`set${operand}`](expr, wrapped);
  }
}

/** The functions' names in the text form of the same module, in order: the binary itself carries none. */
function functionNames(wat) {
  return [...wat.matchAll(/^ \(func \$(\S+)/gm)].map((m) => m[1].replace(/^assembly\//, ''));
}

/** Rewrites the memory section's limits: the edge map lies in pages after the module's own. */
function growMemory(bytes, extraPages) {
  const number = (at) => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return [value, at];
    }
  };
  const leb = (n) => (n < 128 ? [n] : [(n & 127) | 128, ...leb(Math.floor(n / 128))]);
  for (let at = 8; at < bytes.length; ) {
    const [size, body] = number(at + 1);
    if (bytes[at] === 5) {
      if (bytes[body] !== 1 || bytes[body + 1] !== 1) throw new Error('expected one memory with a maximum');
      const [pages] = number(body + 2);
      const section = [1, 1, ...leb(pages + extraPages), ...leb(pages + extraPages)];
      const head = [5, ...leb(section.length), ...section];
      return { pages, bytes: Uint8Array.from([...bytes.subarray(0, at), ...head, ...bytes.subarray(body + size)]) };
    }
    at = body + size;
  }
  throw new Error('the module has no memory');
}

function addGlobals(module, globals) {
  for (const [name, type, zero] of globals) {
    module.addGlobal(name, type, true, zero);
    module.addGlobalExport(name, name);
  }
}

/**
 * Adds the trace: `trace_hash` after every step is `rotl((hash ^ (site << 32 ^ value)) * odd, 29)`, which is a bijection of the
 * hash for each step and of the step for each hash, so one step that differs makes all later hashes differ (but for one in 2^64),
 * and the order counts. `trace_steps` counts; at step number `trace_watch` the state is noted in `trace_at_*`.
 */
function addTrace(module) {
  const { i32, i64 } = module;
  const get64 = (name) => module.global.get(name, binaryen.i64);
  addGlobals(module, [
    ['trace_hash', binaryen.i64, i64.const(0n)],
    ['trace_steps', binaryen.i32, i32.const(0)],
    ['trace_watch', binaryen.i32, i32.const(0)],
    ['trace_at_hash', binaryen.i64, i64.const(0n)],
    ['trace_at_site', binaryen.i32, i32.const(0)],
    ['trace_at_value', binaryen.i64, i64.const(0n)],
  ]);
  for (const [name, type, op] of [
    ['trace_fold_i32', binaryen.i32, i32],
    ['trace_fold_i64', binaryen.i64, i64],
  ]) {
    const value = () => (op === i32 ? i64.extend_u(module.local.get(0, type)) : module.local.get(0, type));
    const step = i64.xor(i64.shl(i64.extend_u(module.local.get(1, binaryen.i32)), i64.const(32n)), value());
    const mixed = i64.mul(i64.xor(get64('trace_hash'), step), i64.const(-0x61c8864680b583ebn));
    module.addFunction(
      name,
      binaryen.createType([type, binaryen.i32]),
      type,
      [],
      module.block(
        null,
        [
          module.global.set('trace_hash', i64.rotl(mixed, i64.const(29n))),
          module.global.set('trace_steps', i32.add(module.global.get('trace_steps', binaryen.i32), i32.const(1))),
          module.if(
            i32.eq(module.global.get('trace_steps', binaryen.i32), module.global.get('trace_watch', binaryen.i32)),
            module.block(null, [
              module.global.set('trace_at_hash', get64('trace_hash')),
              module.global.set('trace_at_site', module.local.get(1, binaryen.i32)),
              module.global.set('trace_at_value', value()),
            ]),
          ),
          module.local.get(0, type),
        ],
        type,
      ),
    );
  }
  return (child, site, _kind, type) =>
    module.call(type === binaryen.i64 ? 'trace_fold_i64' : 'trace_fold_i32', [child, i32.const(site)], type);
}

/** Size of the edge map in bytes; a power of two. It lies after the module's own memory. */
export const EDGE_MAP_BYTES = 65536;

/**
 * Adds the edge map: for each outcome of a condition the byte at `hash(site, outcome) ^ previous` counts one up (wrapping).
 * `edge_fuel` is taken down by one each time, and the call traps when it is used up: that is how a hang ends.
 */
function addEdges(module, mapAddress) {
  const { i32 } = module;
  const global = (name) => module.global.get(name, binaryen.i32);
  const local = (i) => module.local.get(i, binaryen.i32);
  addGlobals(module, [
    ['edge_previous', binaryen.i32, i32.const(0)],
    ['edge_fuel', binaryen.i32, i32.const(-1)],
  ]);
  // (value, site, outcome) -> value
  const here = i32.shr_u(
    i32.mul(i32.add(i32.mul(local(1), i32.const(32)), local(2)), i32.const(0x9e3779b1 | 0)),
    i32.const(32 - Math.log2(EDGE_MAP_BYTES)),
  );
  module.addFunction(
    'edge_log',
    binaryen.createType([binaryen.i32, binaryen.i32, binaryen.i32]),
    binaryen.i32,
    [binaryen.i32, binaryen.i32],
    module.block(
      null,
      [
        module.global.set('edge_fuel', i32.sub(global('edge_fuel'), i32.const(1))),
        module.if(i32.eqz(global('edge_fuel')), module.unreachable()),
        module.local.set(3, here),
        module.local.set(4, i32.xor(local(3), global('edge_previous'))),
        i32.store8(mapAddress, 1, local(4), i32.add(i32.load8_u(mapAddress, 1, local(4)), i32.const(1))),
        module.global.set('edge_previous', i32.shr_u(local(3), i32.const(1))),
        local(0),
      ],
      binaryen.i32,
    ),
  );
  // The two ways to name an outcome: truth, or the label of a br_table.
  const outcome = {
    edge_truth: i32.ne(local(0), i32.const(0)),
    edge_label: module.select(i32.lt_u(local(0), i32.const(31)), local(0), i32.const(31)),
  };
  for (const [name, value] of Object.entries(outcome)) {
    module.addFunction(
      name,
      binaryen.createType([binaryen.i32, binaryen.i32]),
      binaryen.i32,
      [],
      module.call('edge_log', [local(0), local(1), value], binaryen.i32),
    );
  }
  return (child, site, kind) =>
    CONDITIONS.has(kind)
      ? module.call(kind === 'br_table' ? 'edge_label' : 'edge_truth', [child, i32.const(site)], binaryen.i32)
      : child;
}

/**
 * Instruments a module. The result exports what the module exports, and the globals of `addTrace` or `addEdges`.
 *
 * @param {Uint8Array} bytes the compiled module
 * @param {{ watch: 'trace' | 'edges', wat?: string, describe?: boolean }} options `wat`: the text form of the same module, for
 *   its function names; `describe`: also keep each site's expression as text
 * @returns {{ bytes: Uint8Array, sites: object[], mapAddress: number }} `sites[i]` is site number i; number 0 is not used
 * @throws {UnknownInstruction} where the walk meets what it does not know
 */
export function instrument(bytes, { watch, wat = '', describe = false }) {
  const module = binaryen.readBinary(bytes);
  module.setFeatures(FEATURES);
  try {
    return instrumentModule(module, watch, functionNames(wat), describe);
  } finally {
    module.dispose();
  }
}

function instrumentModule(module, watch, names, describe) {
  const functions = Array.from({ length: module.getNumFunctions() }, (_, i) => module.getFunctionByIndex(i));
  if (names.length > 0 && names.length !== functions.length) throw new Error('the text form is not of this module');
  const mapAddress = module.getMemoryInfo().initial * 65536;
  const make = watch === 'trace' ? addTrace(module) : addEdges(module, mapAddress);
  const sites = [undefined];
  functions.forEach((f, i) => {
    const info = binaryen.getFunctionInfo(f);
    if (info.module) throw new UnknownInstruction('an imported function', info.name);
    const counts = new Map();
    const name = names[i] ?? info.name;
    const fold = (kind, child, type, text) => {
      const nth = (counts.get(kind) ?? 0) + 1;
      counts.set(kind, nth);
      sites.push({ id: sites.length, function: name, kind, nth, text, name: `${name}: ${kind} #${nth}` });
      return make(child, sites.length - 1, kind, type);
    };
    new Walk(name, describe, fold).visit(info.body);
  });
  if (!module.validate()) throw new Error('the instrumented module is not valid');
  const out = module.emitBinary();
  return { bytes: watch === 'edges' ? growMemory(out, EDGE_MAP_BYTES / 65536).bytes : out, sites, mapAddress };
}
