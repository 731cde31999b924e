/**
 * AES key wrap, CBC and KEK handles under the constant-time lane. Wrapped keys with a wanted fault are made by node:crypto,
 * whose key wrap takes any initial value. Layer: test only.
 */
import { createCipheriv } from 'node:crypto';
import { type Case, type Core, mustBe, mustFail, type Prepare, publicBytes, turn, type Verdict } from './cases.ts';
import type { Secrets } from './secrets.ts';

const KEK_BYTES = [32, 16, 24];
const KEY_BYTES = [32, 16, 24, 40, 64, 128, 256];
/** Longer than the core's window. */
const LONG = 70_000;

const kekOf = (secrets: Secrets, pair: number) => secrets.bytes(turn(KEK_BYTES, pair));
const keyBytes = (pair: number) => (pair % 500 === 499 ? LONG : turn(KEY_BYTES, pair));
const paddedBytes = (pair: number) => (pair % 500 === 499 ? LONG + 3 : 1 + (pair % 90));

/** Key wrap with the given initial value: RFC 3394, or 5649 above one semiblock. */
function wrapWith(kek: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const cipher = createCipheriv(`id-aes${kek.length * 8}-wrap`, kek, iv);
  return new Uint8Array(Buffer.concat([cipher.update(data), cipher.final()]));
}

/** RFC 5649 with any alternative initial value and any padding. */
function wrapPaddedWith(kek: Uint8Array, aiv: Uint8Array, data: Uint8Array): Uint8Array<ArrayBuffer> {
  if (data.length > 8) return wrapWith(kek, aiv, data);
  const cipher = createCipheriv(`aes-${kek.length * 8}-ecb`, kek, null).setAutoPadding(false);
  return new Uint8Array(Buffer.concat([cipher.update(aiv), cipher.update(data), cipher.final()]));
}

function aivOf(lengthBytes: number): Uint8Array<ArrayBuffer> {
  const aiv = Uint8Array.of(0xa6, 0x59, 0x59, 0xa6, 0, 0, 0, 0);
  new DataView(aiv.buffer).setUint32(4, lengthBytes);
  return aiv;
}

/** An RFC 5649 wrapping of `semiblocks` with a fault that only the unwrapped AIV or padding shows: which one is secret. */
function badlyPadded(secrets: Secrets, kek: Uint8Array, semiblocks: number): Uint8Array<ArrayBuffer> {
  const room = 8 * semiblocks;
  const length = room - secrets.below(8);
  const data = secrets.bytes(room).fill(0, length);
  let aiv = aivOf(length);
  switch (secrets.below(6)) {
    case 0:
      aiv.set(secrets.changed(aiv.subarray(0, 4)));
      break;
    case 1:
      aiv = aivOf(room + 1 + secrets.below(2 ** 31));
      break;
    case 2:
      aiv = aivOf(room - 8 - secrets.below(2) * secrets.below(room - 7));
      break;
    case 3: // the first, the last, or any padding byte is not zero
      aiv = aivOf(room - 7);
      data.fill(0, room - 7);
      data[room - 7 + secrets.below(7)] = 1 + secrets.below(255);
      break;
    case 4:
      aiv = secrets.bytes(8);
      break;
    default:
      return secrets.changed(wrapPaddedWith(kek, aiv, data));
  }
  return wrapPaddedWith(kek, aiv, data);
}

const wrapCase: Prepare = (core, secrets, pair) => {
  const kek = kekOf(secrets, pair);
  const key = secrets.bytes(keyBytes(pair));
  return () => core.wrapKey(kek, key);
};

const unwrapGood: Prepare = (core, secrets, pair) => {
  const kek = kekOf(secrets, pair);
  const wrapped = core.wrapKey(kek, secrets.bytes(keyBytes(pair)));
  return () => core.unwrapKey(kek, wrapped);
};

/** Changed anywhere, or right but for its initial value, or under another KEK. */
const unwrapBad: Prepare = (core, secrets, pair) => {
  const kek = kekOf(secrets, pair);
  const key = secrets.bytes(keyBytes(pair));
  const bad = [
    () => secrets.changed(core.wrapKey(kek, key)),
    () => wrapWith(kek, secrets.changed(new Uint8Array(8).fill(0xa6)), key),
    () => core.wrapKey(secrets.changed(kek), key),
  ];
  const wrapped = bad[secrets.below(bad.length)]!();
  return () => mustFail(() => core.unwrapKey(kek, wrapped));
};

/** `lengthOf`: the key's length, of which only its semiblocks are public before the check is over. */
const unwrapPaddedGood =
  (lengthOf: (secrets: Secrets, pair: number) => number): Prepare =>
  (core, secrets, pair) => {
    const kek = kekOf(secrets, pair);
    const wrapped = core.wrapKeyPadded(kek, secrets.bytes(lengthOf(secrets, pair)));
    return () => core.unwrapKeyPadded(kek, wrapped);
  };

const unwrapPaddedBad: Prepare = (core, secrets, pair) => {
  const kek = kekOf(secrets, pair);
  const wrapped = badlyPadded(secrets, kek, Math.ceil(paddedBytes(pair) / 8));
  return () => mustFail(() => core.unwrapKeyPadded(kek, wrapped));
};

const iv = publicBytes(16);
const cbcBlocks = (pair: number) => (pair % 500 === 499 ? LONG / 16 : 1 + (pair % 40));

/** A good padding of `padOf` bytes. */
const cbcGood =
  (padOf: (secrets: Secrets, pair: number) => number): Prepare =>
  (core, secrets, pair) => {
    const key = kekOf(secrets, pair);
    const pad = padOf(secrets, pair);
    const plaintext = secrets.bytes(16 * cbcBlocks(pair) - pad);
    const ciphertext = core.encryptCbc(key, iv, plaintext);
    return () => mustBe(plaintext.length, core.decryptCbc(key, iv, ciphertext).length);
  };

/** A bad padding: 0, above 16, or one byte of it wrong; which and where is secret. */
const cbcBad: Prepare = (core, secrets, pair) => {
  const key = kekOf(secrets, pair);
  const plaintext = secrets.bytes(16 * cbcBlocks(pair));
  const pad = secrets.below(3) === 0 ? turn([0, 17, 32, 128, 255], secrets.below(5)) : 2 + secrets.below(15);
  plaintext.fill(pad, plaintext.length - Math.min(16, pad));
  plaintext[plaintext.length - 1] = pad;
  if (pad >= 2 && pad <= 16) plaintext[plaintext.length - 2 - secrets.below(pad - 1)]! ^= 1 + secrets.below(255);
  const ciphertext = core.encryptCbc(key, iv, plaintext, 'none');
  return () => mustFail(() => core.decryptCbc(key, iv, ciphertext));
};

/** Runs `use` with a handle of a secret KEK: imported, its schedule loaded, used twice and wiped, all of it traced. */
const withHandle =
  (use: (core: Core, kek: ReturnType<Core['importKek']>, key: Uint8Array) => unknown, lengths = KEY_BYTES): Prepare =>
  (core, secrets, pair) => {
    const kek = kekOf(secrets, pair);
    const key = secrets.bytes(turn(lengths, pair));
    return () => {
      const handle = core.importKek(kek);
      use(core, handle, key);
      use(core, handle, key);
      handle.dispose();
    };
  };

/** Counts around the groups of eight, and now and then more than a window holds. */
const BATCHES = [1, 2, 3, 7, 8, 9, 13, 16, 17];
const batchCount = (pair: number) => (pair % 500 === 499 ? 2000 : turn(BATCHES, pair));
const batchKeyBytes = (pair: number) => turn([32, 16, 24, 64], Math.floor(pair / BATCHES.length));

/** A batch whose keys number `bad` (public: the result names them) do not verify, for a secret reason. */
const batchWith =
  (bad: (pair: number, count: number) => readonly number[]): Prepare =>
  (core, secrets, pair) => {
    const kek = kekOf(secrets, pair);
    const each = batchKeyBytes(pair);
    const count = batchCount(pair);
    const wrapped = core.wrapKeys(kek, secrets.bytes(count * each), each);
    const failing = bad(pair, count);
    for (const i of failing) {
      const at = i * (each + 8);
      wrapped.set(secrets.changed(wrapped.subarray(at, at + each + 8)), at);
    }
    return () => mustBe(failing.join(), core.unwrapKeys(kek, wrapped, each).failed.join());
  };

const someOf = (pair: number, count: number) =>
  Array.from({ length: count }, (_, i) => i).filter((i) => (i * 7 + pair) % 3 === 0);
const lastOf = (_: number, count: number) => [count - 1];

export const AES_CASES: readonly Case[] = [
  { name: 'wrapKey', drives: ['wrapKey'], prepare: wrapCase },
  { name: 'unwrapKey', drives: ['unwrapKey'], prepare: unwrapGood },
  { name: 'unwrapKey, integrity failures', drives: ['unwrapKey'], prepare: unwrapBad },
  {
    name: 'wrapKeyPadded',
    drives: ['wrapKeyPadded'],
    prepare: (core, secrets, pair) => {
      const kek = kekOf(secrets, pair);
      const key = secrets.bytes(paddedBytes(pair));
      return () => core.wrapKeyPadded(kek, key);
    },
  },
  { name: 'unwrapKeyPadded', drives: ['unwrapKeyPadded'], prepare: unwrapPaddedGood((_, pair) => paddedBytes(pair)) },
  { name: 'unwrapKeyPadded, integrity failures', drives: ['unwrapKeyPadded'], prepare: unwrapPaddedBad },
  {
    name: 'importKek and a wrap by handle',
    drives: ['importKek', 'Kek', 'wrapKey'],
    prepare: withHandle((core, kek, key) => core.wrapKey(kek, key)),
  },
  {
    name: 'importKek, wrap and unwrap with padding by handle',
    drives: ['importKek', 'Kek', 'wrapKeyPadded', 'unwrapKeyPadded', 'unwrapKey'],
    prepare: withHandle((core, kek, key) => {
      core.unwrapKey(kek, core.wrapKey(kek, key));
      core.unwrapKeyPadded(kek, core.wrapKeyPadded(kek, key));
    }),
  },
  {
    name: 'wrapKeys',
    drives: ['wrapKeys'],
    prepare: (core, secrets, pair) => {
      const kek = kekOf(secrets, pair);
      const each = batchKeyBytes(pair);
      const keys = secrets.bytes(batchCount(pair) * each);
      return () => core.wrapKeys(kek, keys, each);
    },
  },
  { name: 'unwrapKeys', drives: ['unwrapKeys'], prepare: batchWith(() => []) },
  { name: 'unwrapKeys, some fail', drives: ['unwrapKeys'], prepare: batchWith(someOf) },
  {
    name: 'wrapKeys and unwrapKeys by handle',
    drives: ['importKek', 'Kek', 'wrapKeys', 'unwrapKeys'],
    prepare: withHandle((core, kek, key) => core.unwrapKeys(kek, core.wrapKeys(kek, key, 16), 16), [32, 16, 64, 256]),
  },
  {
    name: 'encryptCbc',
    drives: ['encryptCbc'],
    prepare: (core, secrets, pair) => {
      const key = kekOf(secrets, pair);
      const plaintext = secrets.bytes(pair % 500 === 499 ? LONG : (pair * 7) % 600);
      return () => core.encryptCbc(key, iv, plaintext);
    },
  },
  {
    name: 'encryptCbc and decryptCbc without padding',
    drives: ['encryptCbc', 'decryptCbc'],
    prepare: (core, secrets, pair) => {
      const key = kekOf(secrets, pair);
      const plaintext = secrets.bytes(16 * cbcBlocks(pair));
      return () => core.decryptCbc(key, iv, core.encryptCbc(key, iv, plaintext, 'none'), 'none');
    },
  },
  { name: 'decryptCbc', drives: ['decryptCbc'], prepare: cbcGood((_, pair) => 1 + (pair % 16)) },
  { name: 'decryptCbc, bad paddings', drives: ['decryptCbc'], prepare: cbcBad },
];

export const AES_VERDICTS: readonly Verdict[] = [
  {
    name: 'unwrapKey: whether the check passed',
    site: 'aes/key-wrap/kwUnwrap: if #5',
    outcomes: [unwrapGood, unwrapBad],
  },
  {
    name: 'unwrapKeyPadded: whether the check passed',
    site: 'aes/key-wrap/kwpUnwrap: if #6',
    outcomes: [unwrapPaddedGood((_, pair) => paddedBytes(pair)), unwrapPaddedBad],
  },
  {
    name: "unwrapKeyPadded: the key's length",
    site: null,
    outcomes: [
      unwrapPaddedGood((_, pair) => 8 * Math.ceil(paddedBytes(pair) / 8)),
      unwrapPaddedGood((secrets, pair) => 8 * Math.ceil(paddedBytes(pair) / 8) - 1 - secrets.below(7)),
    ],
  },
  { name: 'unwrapKeys: which key failed', site: null, outcomes: [batchWith(() => [0]), batchWith(lastOf)] },
  {
    name: 'unwrapKeys: whether any key failed', // then the binding reads the flags and wipes them
    site: 'wipe/wipe: memory.fill to #1',
    outcomes: [batchWith(() => []), batchWith(lastOf)],
  },
  {
    name: 'decryptCbc: whether the check passed',
    site: 'aes/cbc/cbcDecrypt: select #5',
    outcomes: [cbcGood((_, pair) => 1 + (pair % 16)), cbcBad],
  },
  {
    name: "decryptCbc: the padding's length",
    site: null,
    outcomes: [cbcGood(() => 16), cbcGood((secrets) => 1 + secrets.below(15))],
  },
];
