/** Results as errors. */
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../src/errors.ts';
import { protocolErrorOf } from '../../src/kmip/index.ts';

describe('protocolErrorOf', () => {
  it("keeps the peer's fields", () => {
    const error = protocolErrorOf({
      operation: 'Get',
      resultStatus: 'OperationFailed',
      resultReason: 'ItemNotFound',
      resultMessage: 'Could not locate object: 7',
    });
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error).toMatchObject({
      code: 'ERR_KMIP_ITEM_NOT_FOUND',
      message: 'Get failed: Item Not Found: Could not locate object: 7',
      operation: 'Get',
      resultStatus: 'OperationFailed',
      resultReason: 'ItemNotFound',
      resultMessage: 'Could not locate object: 7',
    });
  });

  it('is nothing for what succeeded or is pending', () => {
    expect(protocolErrorOf({ resultStatus: 'Success' })).toBeUndefined();
    expect(protocolErrorOf({ resultStatus: 'OperationPending' })).toBeUndefined();
  });

  it('does without what servers leave out', () => {
    const named = protocolErrorOf({ resultStatus: 'OperationFailed', resultReason: 'InvalidCSR' }, 'Certify');
    expect([named?.code, named?.message]).toEqual(['ERR_KMIP_INVALID_CSR', 'Certify failed: Invalid CSR']);
    const bare = protocolErrorOf({ resultStatus: 'OperationUndone' });
    expect([bare?.code, bare?.message]).toEqual(['ERR_KMIP_FAILED', 'the request failed: Operation Undone']);
    const own = protocolErrorOf({ resultStatus: 0x80000001, resultReason: 0x80000002, resultMessage: '' });
    expect([own?.code, own?.message, own?.resultReason]).toEqual([
      'ERR_KMIP_FAILED',
      'the request failed: reason 2147483650',
      '2147483650',
    ]);
  });
});
