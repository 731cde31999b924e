/** The door of the instance room: Node only. */
export { Instance, type InstanceOptions, openInstance } from './instance.ts';
export type { Parameters } from './parameters.ts';
