import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../../src/bytes.ts';
import { FormatError, LimitError } from '../../../src/errors.ts';
import { FrameReader } from '../../../src/kmip/client/frame.ts';
import { runs } from '../../support/runs.ts';

/** A Response Message of `words` empty items. */
function message(words: number, fill = 1): Uint8Array {
  const out = new Uint8Array(8 + words * 8).fill(fill);
  out.set([0x42, 0x00, 0x7b, 0x01]);
  new DataView(out.buffer).setUint32(4, words * 8);
  return out;
}

/** What a reader hands out for a stream in pieces. */
function read(stream: Uint8Array, cuts: readonly number[], maxBytes = 1 << 20): number[][] {
  const reader = new FrameReader(maxBytes);
  const found: number[][] = [];
  let from = 0;
  for (const cut of [...cuts, stream.length].sort((a, b) => a - b)) {
    reader.push(stream.slice(from, cut), (m) => found.push([...m]));
    from = cut;
  }
  expect(reader.isInside).toBe(false);
  return found;
}

function faultOf(bytes: readonly number[], maxBytes = 1024): unknown {
  try {
    new FrameReader(maxBytes).push(Uint8Array.from(bytes), () => expect.unreachable());
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('FrameReader', () => {
  it('finds the same messages however the stream is cut', () => {
    const streams = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(streams, fc.array(fc.nat(), { maxLength: 12 }), (sizes, cuts) => {
        const messages = sizes.map((words, i) => message(words, i + 1));
        const stream = concatBytes(...messages);
        const places = cuts.map((cut) => cut % stream.length);
        expect(read(stream, places)).toEqual(messages.map((m) => [...m]));
      }),
      { numRuns: runs(200) },
    );
  });

  it('finds them byte by byte', () => {
    const stream = concatBytes(message(3), message(1));
    const everywhere = Array.from({ length: stream.length }, (_, i) => i);
    expect(read(stream, everywhere)).toEqual([[...message(3)], [...message(1)]]);
  });

  it('refuses a length as soon as it is announced, without room for it', () => {
    const error = faultOf([0x42, 0x00, 0x7b, 0x01, 0x80, 0x00, 0x00, 0x00]);
    expect(error).toBeInstanceOf(LimitError);
    expect(error).toMatchObject({ code: 'ERR_KMIP_RESPONSE_SIZE', limit: 1024, actual: 2 ** 31 + 8 });
    // The sum of header and length does not wrap.
    expect(faultOf([0x42, 0x00, 0x7b, 0x01, 0xff, 0xff, 0xff, 0xf8])).toMatchObject({ actual: 2 ** 32 });
    expect(faultOf([...message(127)].slice(0, 8))).toBeUndefined(); // 1,024 bytes: just allowed
    expect(faultOf([...message(128)].slice(0, 8))).toMatchObject({ actual: 1032 });
  });

  it.each([
    ['HTTP', [...'HTTP/1.1'].map((c) => c.charCodeAt(0)), 0],
    ['the first byte alone', [0x15], 0],
    ['a request message', [0x42, 0x00, 0x78, 0x01, 0, 0, 0, 8], 2],
    ['a request, three bytes of it', [0x42, 0x00, 0x78], 2],
    ['no structure', [0x42, 0x00, 0x7b, 0x07, 0, 0, 0, 8], 3],
  ])('refuses %s at its first wrong byte', (_, bytes, offset) => {
    const error = faultOf(bytes);
    expect(error).toBeInstanceOf(FormatError);
    expect(error).toMatchObject({ code: 'ERR_KMIP_FRAME', offset });
  });

  it.each([0, 4, 12])('refuses a value of %i bytes', (length) => {
    expect(faultOf([0x42, 0x00, 0x7b, 0x01, 0, 0, 0, length])).toMatchObject({ code: 'ERR_KMIP_FRAME', offset: 4 });
  });

  it('wipes what it copied, handed out or not', () => {
    const reader = new FrameReader(1024);
    let lent: Uint8Array | undefined;
    reader.push(message(4).slice(0, 20), () => expect.unreachable());
    reader.push(message(4).slice(20), (m) => {
      lent = m;
    });
    expect([...(lent as Uint8Array)].every((byte) => byte === 0)).toBe(true);
    reader.push(message(4).slice(0, 20), () => expect.unreachable());
    expect(reader.isInside).toBe(true);
    reader.dispose();
    expect(reader.isInside).toBe(false);
  });
});
