import { describe, expect, it } from 'vitest';
import { CORE_WASM_BASE64 } from '../../src/core/generated/core-wasm.ts';
import { hash, selfTest } from '../../src/core/index.ts';

describe('selfTest', () => {
  it('finds every known answer, and says where each stands', async () => {
    const { passed, results, moduleSha256 } = await selfTest();
    expect(results.filter((result) => !result.passed)).toEqual([]);
    expect(passed).toBe(true);
    expect(results.length).toBeGreaterThanOrEqual(14);
    for (const { name, source } of results) expect([name, source].every((text) => text.length > 2)).toBe(true);
    const bytes = Uint8Array.from(atob(CORE_WASM_BASE64), (c) => c.charCodeAt(0));
    expect(Array.from(hash('sha256', bytes), (b) => b.toString(16).padStart(2, '0')).join('')).toBe(moduleSha256);
  });
});
