import { describe, expect, it } from 'vitest';
import { formatHex } from '../../src/bytes.ts';
import { formatHexKeyId, formatKeyId, parseKeyId } from '../../src/wallet/key-id.ts';

const MKID = '1e3eeec2f7cc8af9a919517216e8057d';
const KEY_ID = 'AR4+7sL3zIr5qRlRchboBX0AAAAAAAAAAAAAAAAAAAAAAAAAAAAA';

describe('KEY_ID', () => {
  it('is what the database prints for the documented MKID', () => {
    expect(formatKeyId(parseKeyId(MKID))).toBe(KEY_ID);
    expect(formatHexKeyId(parseKeyId(MKID))).toHaveLength(78);
  });

  it.each([
    ['KEY_ID', KEY_ID],
    ['KEY_ID with padding', `${KEY_ID}==`],
    ['short form, 23 characters', KEY_ID.slice(0, 23)],
    ['short form, 24 characters', KEY_ID.slice(0, 24)],
    ['HEX_MKID', `01${MKID}${'00'.repeat(22)}`],
    ['external key store form', `06${MKID.toUpperCase()}`],
    ['MKID', MKID],
    ['MKID in capitals', MKID.toUpperCase()],
  ])('reads %s', (_, text) => {
    expect(formatHex(parseKeyId(text))).toBe(MKID);
  });

  it.each([
    ['empty', ''],
    ['zeros', '0'.repeat(32)],
    ['too short', MKID.slice(2)],
    ['too long', `${MKID}00`],
    ['not hex', `${MKID.slice(0, 30)}zz`],
    ['another kind', `05${MKID}${'00'.repeat(22)}`],
    ['tail not zero', `01${MKID}${'00'.repeat(21)}01`],
    ['tail not zero in base64', `${KEY_ID.slice(0, 51)}B`],
    ['zeros as KEY_ID', `AQ${'A'.repeat(50)}`],
  ])('refuses %s', (_, text) => {
    expect(() => parseKeyId(text)).toThrowError('invalid master key identifier or master key value');
  });
});
