import type { Codec } from './engine.mjs';

export const derCodec: Codec;
export const ttlvCodec: Codec;
