/** The door of the core room. */
export { init } from './wasm.ts';
