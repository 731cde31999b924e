// `npm run docs [folder of another package]`: the API reference, written to dist-docs/ by TypeDoc from the doors that
// package.json's `exports` names. It is also the check that the reference is whole: every export documented, every type that
// one names reachable, every link resolved, every example type-checked (reference-examples.mjs), the classes of errors linked
// (reference-throws.mjs), and the rules of reference-rules.mjs. Any warning fails it.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Application, LogLevel } from 'typedoc';
import { checkExamples } from './reference-examples.mjs';
import { checkReference } from './reference-rules.mjs';
import { linkErrors, programOf } from './reference-throws.mjs';

const isOwn = process.argv[2] === undefined;
const root = resolve(process.argv[2] ?? fileURLToPath(new URL('../..', import.meta.url))) + sep;
const output = `${root}dist-docs`;
const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
/** Door of each importable subpath, by the name one imports it by. */
const doors = new Map(
  Object.entries(manifest.exports)
    .filter(([, target]) => typeof target !== 'string')
    .map(([subpath, { types }]) => [
      manifest.name + subpath.slice(1),
      root + types.replace(/^\.\/dist\//, 'src/').replace(/\.d\.ts$/, '.ts'),
    ]),
);

const app = await Application.bootstrap({
  entryPoints: [...doors.values()],
  tsconfig: `${root}tsconfig.json`,
  name: `${manifest.name} ${manifest.version}`,
  readme: `${root}README.md`,
  projectDocuments: ['SECURITY.md', 'CHANGELOG.md'].map((name) => root + name).filter(existsSync),
  skipErrorChecking: true, // `npm run typecheck` does that
  excludeInternal: true,
  excludePrivate: true,
  sort: ['kind', 'instance-first', 'alphabetical'],
  kindSortOrder: ['Module', 'Function', 'Class', 'Interface', 'TypeAlias', 'Variable'],
  groupOrder: ['Modules', 'Functions', 'Classes', 'Interfaces', 'Type Aliases', 'Variables'],
  navigation: { includeGroups: false, includeFolders: false },
  hideGenerator: true,
  logLevel: LogLevel.Warn,
  validation: { notExported: true, invalidLink: true, invalidPath: true, rewrittenLink: true, notDocumented: true },
  intentionallyNotExported: isOwn ? ['TransactionBase'] : [], // what a transaction sees of the object store: not for users
  requiredToBeDocumented: ['Module', 'Variable', 'Function', 'Class', 'Interface', 'TypeAlias', 'Method', 'Accessor'],
});
const program = programOf([...doors.values()], app.options.getCompilerOptions(app.logger));
app.getEntryPoints = () =>
  [...doors].map(([displayName, door]) => ({ displayName, program, sourceFile: program.getSourceFile(door) }));

const project = await app.convert();
if (project === undefined) process.exit(1);
const unknownErrors = linkErrors(project);
app.validate(project);
const { faults, counts } = checkReference(project, { root, names: [...doors.keys()] });
const examples = checkExamples(project, { root, doors, program });
for (const fault of [...unknownErrors, ...faults, ...examples.faults]) app.logger.warn(fault);
rmSync(output, { recursive: true, force: true });
await app.generateDocs(project, output);
const problems = app.logger.warningCount + app.logger.errorCount;
console.log(
  `${doors.size} subpaths, ${counts.exports} exports and ${counts.members} members documented, ${examples.count} examples, ` +
    `${problems} warnings`,
);
process.exitCode = problems === 0 ? 0 : 1;
