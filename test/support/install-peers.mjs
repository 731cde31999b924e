// The independent programs that tests need (peers.json), installed where they are missing and that is possible: as root, by apt.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** By name: its program and its Debian package. */
export const peers = JSON.parse(readFileSync(new URL('peers.json', import.meta.url), 'utf8'));
const APT_LIMIT_MS = 6 * 60_000;

/** Installs what is missing of some peers where that is possible; returns the names of those still missing. */
export function installPeers(wanted = Object.keys(peers)) {
  const absent = () => wanted.filter((name) => !onPath(peers[name].program));
  if (absent().length === 0) return [];
  const canInstall = process.getuid?.() === 0 && onPath('apt-get') && process.env.KEYWARD_NO_INSTALL === undefined;
  if (canInstall) {
    const packages = absent().map((name) => peers[name].package);
    console.log(`installing what the tests compare with: ${packages.join(', ')}`);
    const deadline = Date.now() + APT_LIMIT_MS;
    apt(['update'], deadline);
    // Together first; where one of them does not exist in this release, the others one by one.
    if (!apt(['install', ...packages], deadline)) for (const name of packages) apt(['install', name], deadline);
  }
  return absent();
}

function apt([command, ...packages], deadline) {
  const left = deadline - Date.now();
  if (left <= 0) return false;
  const run = spawnSync('apt-get', [command, '-y', '-qq', '--no-install-recommends', ...packages], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: left,
  });
  return run.status === 0;
}

function onPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}
