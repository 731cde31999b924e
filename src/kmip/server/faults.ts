/**
 * Faults on purpose, for tests of any KMIP client. Each changes how answers leave; the requests are done all the same.
 *
 *   delay=MS         every answer waits
 *   cut=BYTES        every answer ends after so many bytes, and the connection with it
 *   garble=N         every Nth answer has one byte behind its header turned over
 *   lying-length     the announced length is 8 more than there is
 *   wrong-version    the answer says that it is of KMIP 9.9
 *   drop-after=N     the Nth answer of a connection is not sent; the connection ends
 *
 * Layer: kmip/server, Node only.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { UsageError } from '../../errors.ts';
import { type ListenerOptions, sendAll } from './listener.ts';

/** One fault. */
export type Fault =
  | {
      readonly kind: 'delay' | 'cut' | 'garble' | 'drop-after';
      /** Milliseconds for `delay`, bytes for `cut`, a number of answers for the others. */
      readonly value: number;
    }
  | { readonly kind: 'lying-length' | 'wrong-version' };

const COUNTED = ['delay', 'cut', 'garble', 'drop-after'] as const;
const PLAIN = ['lying-length', 'wrong-version'] as const;
const HEADER_BYTES = 8;

/** Reads a fault as it stands above. @throws {UsageError} ERR_FAULT */
export function parseFault(text: string): Fault {
  const [, name, digits] = /^([a-z-]+)(?:=(\d{1,9}))?$/.exec(text) ?? [];
  const plain = PLAIN.find((kind) => kind === name);
  if (plain !== undefined && digits === undefined) return { kind: plain };
  const counted = COUNTED.find((kind) => kind === name);
  const value = Number(digits);
  const least = counted === 'garble' || counted === 'drop-after' ? 1 : 0;
  if (counted !== undefined && digits !== undefined && value >= least) return { kind: counted, value };
  const known = [...COUNTED.map((kind) => `${kind}=N`), ...PLAIN].join(', ');
  throw new UsageError('ERR_FAULT', `no such fault: ${text}`, { hint: `known: ${known}` });
}

/** A way of sending answers that is at fault. */
export function faultySend(faults: readonly Fault[]): NonNullable<ListenerOptions['send']> {
  const sent = new WeakMap<TLSSocket, number>();
  let total = 0;
  return async (answer, socket) => {
    const ordinal = (sent.get(socket) ?? 0) + 1;
    sent.set(socket, ordinal);
    total++;
    let bytes = answer;
    for (const fault of faults) {
      if (fault.kind === 'delay') await delay(fault.value, undefined, { ref: false });
      else if (fault.kind === 'drop-after') {
        if (ordinal >= fault.value) bytes = answer.subarray(0, 0);
      } else if (fault.kind === 'cut') bytes = bytes.subarray(0, fault.value);
      else if (fault.kind !== 'garble' || total % fault.value === 0) alter(answer, fault.kind, total);
    }
    await sendAll(bytes, socket);
    if (bytes.length < answer.length) socket.destroySoon();
  };
}

/** Changes an answer in place: it is wiped after sending anyway. */
function alter(answer: Uint8Array, kind: 'garble' | 'lying-length' | 'wrong-version', total: number): void {
  const view = new DataView(answer.buffer, answer.byteOffset, answer.length);
  if (kind === 'lying-length') view.setUint32(4, view.getUint32(4) + 8);
  else if (kind === 'garble') {
    const at = HEADER_BYTES + (total % Math.max(1, answer.length - HEADER_BYTES));
    answer[at] = 0xff ^ (answer[at] as number);
  } else {
    // Response Message, Response Header, Protocol Version, then Major and Minor: four headers of 8 bytes before the first value.
    view.setUint32(4 * HEADER_BYTES, 9);
    view.setUint32(4 * HEADER_BYTES + 16, 9);
  }
}
