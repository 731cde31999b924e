// What the fuzzer does to an input: havoc on bytes, words from a dictionary, splices, and edits of the element tree that keep
// all enclosing lengths right, so that a change deep inside is not thrown out at the door. Layer: test only.

/** A small generator (mulberry32): the same seed gives the same run. */
export class Random {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  /** A whole number 0 ≤ n < below. */
  below(below) {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  bytes(count) {
    return Uint8Array.from({ length: count }, () => this.below(256));
  }
}

/** Lengths and numbers at the edges of what fits. */
const NUMBERS = [
  0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 100, 127, 128, 129, 254, 255, 256, 257, 1000, 1023, 1024,
  4096, 32767, 32768, 65535, 65536, 65537, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffff0, 0xfffffff7, 0xfffffff8,
  0xfffffff9, 0xffffffff,
];

function spliced(bytes, at, wanted, insert) {
  const remove = Math.min(wanted, bytes.length - at);
  const out = new Uint8Array(bytes.length - remove + insert.length);
  out.set(bytes.subarray(0, at));
  out.set(insert, at);
  out.set(bytes.subarray(at + remove), at + insert.length);
  return out;
}

function changed(bytes, change) {
  const out = bytes.slice();
  change(out);
  return out;
}

const bigEndian = (n, width) =>
  Uint8Array.from({ length: width }, (_, i) => Math.floor(n / 2 ** (8 * (width - 1 - i))) & 255);

/** Edits that know nothing of the format: (bytes, random, other input, dictionary) -> bytes. */
const HAVOC = [
  (b, r) => changed(b, (o) => (o[r.below(o.length)] ^= 1 << r.below(8))),
  (b, r) => changed(b, (o) => (o[r.below(o.length)] = r.below(256))),
  (b, r) => changed(b, (o) => (o[r.below(o.length)] += r.pick([1, -1, 2, -2, 7, 8, -8, 16]))),
  (b, r) => changed(b, (o) => (o[r.below(o.length)] = r.pick([0, 1, 0x7f, 0x80, 0x81, 0x82, 0x84, 0x88, 0xff]))),
  (b, r) => overwrite(b, r.below(b.length), bigEndian(r.pick(NUMBERS), r.pick([1, 2, 4, 4, 8]))),
  (b, r) => spliced(b, r.below(b.length + 1), 0, r.bytes(1 + r.below(8))),
  (b, r) => spliced(b, r.below(b.length), 1 + r.below(16), new Uint8Array(0)),
  (b, r) => b.slice(0, r.below(b.length + 1)),
  (b, r) => spliced(b, r.below(b.length + 1), 0, part(b, r)),
  (b, r, other) => spliced(b, r.below(b.length + 1), 0, part(other, r)),
  (b, r, other) => overwrite(b, r.below(b.length), part(other, r)),
  (b, r, other) => crossed(b, r.below(b.length + 1), other.slice(r.below(other.length + 1))),
  (b, r, _, words) => spliced(b, r.below(b.length + 1), 0, r.pick(words)),
  (b, r, _, words) => overwrite(b, r.below(b.length), r.pick(words)),
];

const crossed = (bytes, at, tail) => spliced(bytes, at, bytes.length - at, tail);

function overwrite(bytes, at, patch) {
  return changed(bytes, (o) => o.set(patch.subarray(0, o.length - at), at));
}

function part(bytes, random) {
  if (bytes.length === 0) return bytes;
  const at = random.below(bytes.length);
  return bytes.slice(at, at + 1 + random.below(Math.min(64, bytes.length - at)));
}

/** Every node of a forest, with the list that it is in. */
function everyNode(nodes, found = []) {
  for (const node of nodes) {
    found.push({ node, list: nodes });
    if (node.children) everyNode(node.children, found);
  }
  return found;
}

const copyNode = (node) => ({ ...node, children: node.children?.map(copyNode) });

/** Edits of the element tree: (a node and its list, random, a node of another input, codec). */
const SURGERY = [
  ({ node, list }) => list.splice(list.indexOf(node), 1),
  ({ node, list }) => list.splice(list.indexOf(node), 0, copyNode(node)),
  ({ node, list }, _r, other) => list.splice(list.indexOf(node), 1, copyNode(other)),
  ({ node, list }, _r, other) => list.splice(list.indexOf(node) + 1, 0, copyNode(other)),
  ({ node, list }, r) => list.splice(list.indexOf(node), 1, ...list.splice(r.below(list.length), 1), node),
  ({ node, list }, r) =>
    list.splice(list.indexOf(node), 1, { ...copyNode(node), children: [nested(node, 1 + r.below(40))] }),
  ({ node }, r, _o, codec) => Object.assign(node, codec.disturb(node, r)),
  ({ node }, r, _o, codec) => Object.assign(node, codec.disturb(node, r)),
  ({ node }, r, _o, codec) => {
    if (node.body?.length) node.body = havoc(node.body, r, node.body, codec.words);
  },
];

function nested(node, depth) {
  let inner = copyNode(node);
  for (let i = 0; i < depth; i++) inner = { ...copyNode(node), body: undefined, children: [inner] };
  return inner;
}

function havoc(bytes, random, other, words) {
  return bytes.length === 0 ? random.pick(words).slice() : random.pick(HAVOC)(bytes, random, other, words);
}

/**
 * Makes a new input from `bytes`, with parts of `other`; one to eight edits.
 *
 * @param codec the format: `parse(bytes)` to a forest or null, `encode(forest)`, `disturb(node, random)`, `words`
 */
export function mutate(bytes, other, codec, random, maxBytes) {
  let out = bytes;
  const forest = random.below(2) === 0 ? codec.parse(bytes) : null;
  if (forest !== null && forest.length > 0) {
    const theirs = codec.parse(other);
    const donors = everyNode(theirs?.length ? theirs : codec.parse(bytes));
    for (let n = 1 + random.below(3); n > 0 && forest.length > 0; n--) {
      random.pick(SURGERY)(random.pick(everyNode(forest)), random, random.pick(donors).node, codec);
    }
    out = codec.encode(forest);
    if (random.below(3) > 0) return out.slice(0, maxBytes);
  }
  for (let n = 1 << random.below(4); n > 0; n--) out = havoc(out, random, other, codec.words);
  return out.slice(0, maxBytes);
}
