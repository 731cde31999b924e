/**
 * A second, slow and simple BER encoder for tests: builds elements one inside the other, in DER or in any BER form that
 * X.690 allows. Shares nothing with the product. Layer: test only.
 */

type Part = Uint8Array | readonly Part[];

/** Joins nested lists of bytes. */
export function join(...parts: Part[]): Uint8Array<ArrayBuffer> {
  const flat: number[] = [];
  const add = (part: Part): void => {
    if (part instanceof Uint8Array) for (const byte of part) flat.push(byte);
    else for (const inner of part) add(inner);
  };
  for (const part of parts) add(part);
  return Uint8Array.from(flat);
}

/** Length octets: as short as can be, or with `extra` more than needed. */
export function lengthOctets(length: number, extra = 0): Uint8Array<ArrayBuffer> {
  if (length < 0x80 && extra === 0) return Uint8Array.of(length);
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  while (extra-- > 0) octets.unshift(0);
  if (octets.length === 0) octets.push(0);
  return Uint8Array.of(0x80 | octets.length, ...octets);
}

/** One element. */
export function tlv(derTag: number | readonly number[], ...parts: Part[]): Uint8Array<ArrayBuffer> {
  const contents = join(...parts);
  const identifier = typeof derTag === 'number' ? [derTag] : derTag;
  return join(Uint8Array.from(identifier), lengthOctets(contents.length), contents);
}

/** One element of indefinite length. */
export function indefinite(derTag: number, ...parts: Part[]): Uint8Array<ArrayBuffer> {
  return join(Uint8Array.of(derTag, 0x80), ...parts, Uint8Array.of(0, 0));
}

export const seq = (...parts: Part[]): Uint8Array<ArrayBuffer> => tlv(0x30, ...parts);
export const set = (...parts: Part[]): Uint8Array<ArrayBuffer> => tlv(0x31, ...parts);
export const octets = (...parts: Part[]): Uint8Array<ArrayBuffer> => tlv(0x04, ...parts);
export const explicit = (n: number, ...parts: Part[]): Uint8Array<ArrayBuffer> => tlv(0xa0 | n, ...parts);
export const int = (...contents: number[]): Uint8Array<ArrayBuffer> => tlv(0x02, Uint8Array.from(contents));
export const nul: Uint8Array<ArrayBuffer> = Uint8Array.of(5, 0);

/** An OBJECT IDENTIFIER from dotted text. */
export function oid(text: string): Uint8Array<ArrayBuffer> {
  const [first, second, ...rest] = text.split('.').map(BigInt) as [bigint, bigint, ...bigint[]];
  const contents: number[] = [];
  for (const arc of [first * 40n + second, ...rest]) {
    const sevens = arc
      .toString(2)
      .padStart(7 * Math.max(1, Math.ceil(arc.toString(2).length / 7)), '0')
      .match(/.{7}/g)!;
    sevens.forEach((bits, i) => {
      contents.push(Number.parseInt(bits, 2) | (i < sevens.length - 1 ? 0x80 : 0));
    });
  }
  return tlv(0x06, Uint8Array.from(contents));
}

export const DATA: Uint8Array<ArrayBuffer> = oid('1.2.840.113549.1.7.1');
export const ENCRYPTED_DATA: Uint8Array<ArrayBuffer> = oid('1.2.840.113549.1.7.6');

/** A bag id, 1 to 6. */
export const bagId = (n: number): Uint8Array<ArrayBuffer> => oid(`1.2.840.113549.1.12.10.1.${n}`);

/** A SafeBag with any value. */
export function bag(id: Uint8Array, value: Uint8Array, ...attributes: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return seq(id, explicit(0, value), attributes.length > 0 ? set(...attributes) : []);
}

/** A `data` ContentInfo around SafeContents. */
export const dataSafe = (...bags: Part[]): Uint8Array<ArrayBuffer> => seq(DATA, explicit(0, octets(seq(...bags))));

/** A MacData with the given iterations, absent if empty. */
export function macData(...iterations: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return seq(
    seq(seq(oid('2.16.840.1.101.3.4.2.1'), nul), octets(new Uint8Array(32))),
    octets(new Uint8Array(8)),
    iterations,
  );
}

/** A PFX of these safes; `tail` is what follows authSafe. */
export function pfx(safes: readonly Uint8Array[], ...tail: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return seq(int(3), seq(DATA, explicit(0, octets(seq(safes)))), tail);
}
