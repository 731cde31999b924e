/** The parts of a cryptographic operation that wait for the last one. */
import { expect, it } from 'vitest';
import { DataStreams } from '../../../src/kmip/server/streams.ts';
import { errorOf } from '../../support/errors.ts';

it('takes 4,096 parts with data, and any number without', () => {
  const streams = new DataStreams((lengthBytes) => new Uint8Array(lengthBytes));
  const begun = streams.take('client', 'Encrypt', { initIndicator: true });
  const { value: correlationValue } = begun as { readonly value: Uint8Array };
  const add = (data: Uint8Array) => streams.take('client', 'Encrypt', { correlationValue, data });
  for (let i = 0; i < 5000; i++) add(new Uint8Array(0));
  for (let i = 0; i < 4096; i++) add(new Uint8Array(1));
  expect(errorOf(() => add(new Uint8Array(1)))).toMatchObject({ resultReason: 'InvalidField' });
  // Nothing is left of it.
  expect(errorOf(() => add(new Uint8Array(0)))).toMatchObject({ resultReason: 'InvalidField' });
});
