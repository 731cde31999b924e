/** The completion for zsh: a function for each command, in the language of `_arguments`. It may lie in $fpath, or be sourced. */
import { type CompletionCommand, type CompletionOption, listCommands, type Value } from './model.ts';

/** Makes the script. */
export function zshCompletion(program: CompletionCommand): string {
  return `#compdef keyward
# Completion of keyward for zsh, made by: keyward completion zsh

${listCommands(program).map(functionOf).join('\n\n')}

if [[ \${zsh_eval_context[-1]} == loadautofunc ]]; then
  _keyward "$@"
else
  compdef _keyward keyward
fi
`;
}

function functionOf({ path, commands, options, argument }: CompletionCommand): string {
  const specs = options.map(specOf);
  const lines = ['local curcontext="$curcontext" state line ret=1'];
  if (commands.length > 0) {
    const list = commands.map(({ path: below, summary }) => quote(`${below.at(-1)}:${summary}`));
    lines.push('local -a commands', `commands=(\n    ${list.join('\n    ')}\n  )`);
    specs.push("'1:command:->command'", "'*::argument:->rest'");
  } else if (argument !== null) specs.push(quote(`*:${protect(argument.name)}:${actionOf(argument.kind)}`));
  lines.push(`_arguments -C \\\n    ${specs.join(' \\\n    ')} && ret=0`);
  if (commands.length > 0) {
    const cases = commands.map(({ path: below }) => `      (${below.at(-1)}) ${nameOf(below)} && ret=0 ;;`);
    lines.push(
      `case $state in
    (command) _describe -t commands 'command' commands && ret=0 ;;
    (rest)
      case $line[1] in
${cases.join('\n')}
      esac
      ;;
  esac`,
    );
  }
  return `${nameOf(path)}() {\n  ${lines.join('\n  ')}\n  return ret\n}`;
}

const nameOf = (path: readonly string[]): string => ['_keyward', ...path].join('_');

/** `'(-e --execute)'{-e+,--execute=}'[what it does]:statement: '`; `*` in front of what may be given again. */
function specOf({ flags, summary, value, repeats, variadic }: CompletionOption): string {
  const before = repeats ? '*' : flags.length > 1 ? `(${flags.join(' ')})` : '';
  const names = value === null || variadic ? flags : flags.map((flag) => `${flag}${flag.startsWith('--') ? '=' : '+'}`);
  const words = value === null ? '' : `:${protect(value.name)}:${actionOf(value.kind)}`;
  // "All words up to the next option" (`:*-*:`) would offer no option behind them.
  const after = `[${protect(summary)}]${words}${variadic ? `:${words}`.repeat(2) : ''}`;
  return names.length === 1
    ? quote(`${before}${names[0]}${after}`)
    : `${quote(before)}{${names.join(',')}}${quote(after)}`;
}

function actionOf(kind: Value): string {
  if (kind === 'file') return '_files';
  if (kind === 'directory') return '_files -/';
  return kind === 'none' ? '()' : `(${kind.join(' ')})`;
}

/** What would end a part of a spec. */
const protect = (text: string): string => text.replace(/[\\[\]:]/g, '\\$&');
const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
