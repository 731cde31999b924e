export class Finding extends Error {
  readonly kind: string;
  readonly input: Uint8Array;
}
export class Instrumented {
  constructor(exports: WebAssembly.Exports, mapAddress: number, mapBytes: number, constantsBytes: number);
  fuel: number;
}
export interface Target {
  readonly name: string;
  readonly codec: Codec;
  readonly maxBytes: number;
  run(bytes: Uint8Array): void;
  isExpected(error: unknown): boolean;
}
export interface Codec {
  readonly words: readonly Uint8Array[];
  parse(bytes: Uint8Array): object[] | null;
  encode(nodes: object[]): Uint8Array;
  disturb(node: object, random: object): object;
}
export class Fuzzer {
  constructor(target: Target, instance: Instrumented, seed: number);
  readonly corpus: readonly Uint8Array[];
  readonly executions: number;
  readonly edges: number;
  readonly slowestMs: number;
  add(input: Uint8Array): boolean;
  fuzz(options: { ms?: number; runs?: number }): void;
}
