/** Our limits, as the core's PFX grammar takes them. Layer: pkcs12. */
import type { Pkcs12Limits } from './limits.ts';

/** The part of the limits that the core checks while it reads. */
export function structureLimits(limits: Pkcs12Limits): {
  readonly maxBytes: number;
  readonly maxDepth: number;
  readonly maxElements: number;
  readonly maxNesting: number;
} {
  const { maxBytes, maxDepth, maxElements, maxNesting } = limits;
  return { maxBytes, maxDepth, maxElements, maxNesting };
}
