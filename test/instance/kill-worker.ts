/**
 * Runs in a process of its own: one statement in an instance, on a file system that kills this very process with SIGKILL
 * before the n-th step that changes something. Prints the number of steps when the statement completes.
 */
import { openInstance } from '../../src/instance/index.ts';
import { type FileSystem, nodeFileSystem } from '../../src/wallet/file/index.ts';

const [home, statement, killAt] = process.argv.slice(2) as [string, string, string];
let counting = false;
let steps = 0;

function step(): void {
  if (!counting) return;
  if (steps === Number(killAt)) process.kill(process.pid, 'SIGKILL');
  steps++;
}

const killing: FileSystem = {
  ...nodeFileSystem,
  async create(path, mode) {
    step();
    const file = await nodeFileSystem.create(path, mode);
    return {
      async write(bytes) {
        step();
        // Half of it first: a killed writer may leave a torn file.
        const half = bytes.length >> 1;
        await file.write(bytes.subarray(0, half));
        step();
        await file.write(bytes.subarray(half));
      },
      sync: () => {
        step();
        return file.sync();
      },
      close: () => {
        step();
        return file.close();
      },
    };
  },
  link: (from, to) => {
    step();
    return nodeFileSystem.link(from, to);
  },
  rename: (from, to) => {
    step();
    return nodeFileSystem.rename(from, to);
  },
  remove: (path) => {
    step();
    return nodeFileSystem.remove(path);
  },
  makeDirectory: (path, mode) => {
    step();
    return nodeFileSystem.makeDirectory(path, mode);
  },
  syncDirectory: (path) => {
    step();
    return nodeFileSystem.syncDirectory(path);
  },
};

const instance = await openInstance(home, { wallet: { fileSystem: killing, iterations: 1, profile: 'oracle' } });
// Everything but making the wallet needs it open.
if (!statement.includes('CREATE KEYSTORE'))
  await instance.execute('ADMINISTER KEY MANAGEMENT SET KEYSTORE OPEN IDENTIFIED BY pw');
counting = true;
await instance.execute(statement);
counting = false;
await instance.close();
process.stdout.write(String(steps));
