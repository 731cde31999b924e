// The package as others get it, run after the build:
//   - packed, installed in an empty folder; every subpath imported and required in Node without effects (install.mjs);
//   - its types compiled under every kind of resolution, its manifest judged by publint and arethetypeswrong (types.mjs);
//   - every universal subpath bundled by esbuild, Vite and webpack (bundlers.mjs), which rooms each bundle holds (isolation.mjs),
//     what it weighs (sizes.mjs), and that it works in Chromium (browser.mjs, demos.mjs);
//   - what it says where WebAssembly does not work (forbidden.mjs, browser.mjs).
import { checkInBrowser } from './browser.mjs';
import { buildPages } from './bundlers.mjs';
import { checkForbidden } from './forbidden.mjs';
import { checkManifest, checkSpecifiers, importModules, install, installed, pack, requireModules } from './install.mjs';
import { checkIsolation } from './isolation.mjs';
import { checkSizes } from './sizes.mjs';
import { DOORS, faults, part } from './support.mjs';
import { compileTypes, judgeTypes } from './types.mjs';

const tarball = await part('packed', pack);
const app = await part('installed', () => install(tarball));
await part('manifest and specifiers', async () => {
  await checkManifest(app);
  await checkSpecifiers(installed(app));
});
await part('imported', () => importModules(app));
await part('required', () => requireModules(app));
await part('types', () => compileTypes(app));
await part('arethetypeswrong', () => judgeTypes(tarball));
const builds = await part('bundled', () => buildPages(app));
await part('rooms of the bundles', () => checkIsolation(builds, installed(app)));
await part('sizes', () => checkSizes(app));
await part('in Chromium', () => checkInBrowser(builds, installed(app)));
await part('without WebAssembly in Node', () => checkForbidden(app));

for (const fault of faults) console.error(fault);
console.log(`${DOORS.length} subpaths, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
