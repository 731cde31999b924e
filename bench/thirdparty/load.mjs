// Imports a comparison library from this folder's own node_modules, so that the root package never depends on one.

/**
 * @param {string} name package or subpath, as in package.json
 * @returns {Promise<any>} its namespace
 */
export function load(name) {
  return import(name);
}
