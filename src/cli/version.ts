/** What package this is. Node only. */
import { readFileSync } from 'node:fs';

/** What package.json says. */
export interface PackageInfo {
  readonly version: string;
  /** Such as `>=20.19`. */
  readonly engines: { readonly node: string };
}

/** Reads the package's own package.json. */
export function readPackageInfo(): PackageInfo {
  // The same two folders up from src/cli/ and from dist/cli/.
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as PackageInfo;
}
