/** The export under `DerWriter`, given tapes that the binding never makes: refused, without a trap and without a trace. */
import { expect, it } from 'vitest';
import {
  ARENA,
  ARENA_RECORDS,
  STATUS,
  TAPE_LENGTH,
  TAPE_MERGE,
  TAPE_META,
  TAPE_NEXT,
  TAPE_OFFSET,
  TAPE_RECORD,
} from '../../src/core/generated/layout.ts';
import { core, memory } from '../../src/core/wasm.ts';
import { assertNothingLeft } from '../zeroize/memory.ts';

/** Calls `derWrite` with records of [offset, meta, length, next] over eight bytes. */
function write(records: readonly (readonly [number, number, number, number])[]): number {
  memory().fill(7, ARENA, ARENA + 8);
  const words = new Uint32Array(memory().buffer, ARENA_RECORDS);
  records.forEach(([offset, meta, length, next], i) => {
    words[i * TAPE_RECORD + TAPE_OFFSET] = offset;
    words[i * TAPE_RECORD + TAPE_META] = meta;
    words[i * TAPE_RECORD + TAPE_LENGTH] = length;
    words[i * TAPE_RECORD + TAPE_NEXT] = next;
  });
  return core().derWrite(8, records.length);
}

// Found by fuzzing: only the reader makes merged strings, and only its checks make their lengths right.
it('a merged string is refused', () => {
  for (const tag of [0x24, 0x23]) {
    for (const child of [[0, 0x04, 0, 2] as const, [0, 0x30, 3, 2] as const]) {
      expect(write([[0, (tag | TAPE_MERGE) >>> 0, 0, 2], child])).toBe(-STATUS.ARGUMENT);
      assertNothingLeft('derWrite');
    }
  }
});

it('what lies outside the bytes or outside its parent is refused', () => {
  const refused: readonly (readonly [number, number, number, number])[][] = [
    [[9, 4, 0, 1]],
    [[0, 4, 9, 1]],
    [[4, 4, 0xffffffff, 1]],
    [[0, 4, 1, 0]],
    [[0, 4, 1, 2]],
    [
      [0, 0x30, 0, 3],
      [0, 4, 1, 2],
    ],
    [
      [0, 0x30, 0, 2],
      [0, 4, 1, 3],
      [0, 4, 1, 3],
    ],
  ];
  for (const tape of refused) {
    expect(write(tape)).toBe(-STATUS.ARGUMENT);
    assertNothingLeft('derWrite');
  }
});
