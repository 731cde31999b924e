import { expect, it } from 'vitest';
import { stringsMadeBy } from './strings.ts';

it('sees strings made of bytes, however they are made', async () => {
  const bytes = Buffer.from('secret');
  const made = await stringsMadeBy(() => [
    bytes.toString('latin1'),
    String.fromCharCode(...bytes),
    new TextDecoder().decode(bytes),
  ]);
  expect(made.filter((text) => text.includes('secret')).length).toBeGreaterThanOrEqual(3);
  expect(await stringsMadeBy(() => bytes.includes('secret'))).toEqual([]);
});
