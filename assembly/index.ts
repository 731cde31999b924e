// The core module: what TypeScript may call. One line per file of this folder, in the order of the layers.
export { wipe } from './wipe';
