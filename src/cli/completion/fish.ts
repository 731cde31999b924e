/** The completion for fish: a line for each command and each option, under the condition that the command line is at its command. */
import { type CompletionCommand, type CompletionOption, listCommands, type Value } from './model.ts';

/** Makes the script. */
export function fishCompletion(program: CompletionCommand): string {
  const commands = listCommands(program);
  const paths = commands.filter(({ path }) => path.length > 0).map(({ path }) => quote(path.join(' ')));
  return `# Completion of keyward for fish, made by: keyward completion fish

# Whether the words so far lead to the command $argv, and no further. Fish asks this of every command in turn: they are read once.
function __keyward_at
    set -l words (commandline -opc)
    if test "$words" != "$__keyward_words"
        set -g __keyward_words $words
        set -g __keyward_path (__keyward_path $words[2..-1])
    end
    test "$__keyward_path" = "$argv"
end

function __keyward_path
    set -l at
    for word in $argv
        string match -q -- '-*' $word; and continue
        set -l next (string join ' ' $at $word)
        contains -- $next \\
            ${paths.join(' \\\n            ')}
        or break
        set at $next
    end
    echo $at
end

complete -c keyward -f
${commands.flatMap(linesOf).join('\n')}
`;
}

function linesOf({ path, commands, options, argument }: CompletionCommand): string[] {
  const where = `complete -c keyward -n ${quote(['__keyward_at', ...path].join(' '))}`;
  return [
    ...commands.map(({ path: below, summary }) => `${where} -a ${quote(`${below.at(-1)}`)} -d ${quote(summary)}`),
    ...options.map((option) => `${where} ${flagsOf(option)}${valueFlags(option.value)} -d ${quote(option.summary)}`),
    ...(argument === null || argument.kind === 'none' ? [] : [`${where} ${namesOf(argument.kind)}`]),
  ];
}

/** `-s e -l execute`. */
function flagsOf({ flags }: CompletionOption): string {
  return flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`)).join(' ');
}

function valueFlags(value: CompletionOption['value']): string {
  if (value === null) return '';
  return value.kind === 'none' ? ' -x' : ` -r ${namesOf(value.kind)}`;
}

function namesOf(kind: Exclude<Value, 'none'>): string {
  if (kind === 'file') return '-F';
  return kind === 'directory' ? "-f -a '(__fish_complete_directories)'" : `-f -a ${quote(kind.join(' '))}`;
}

const quote = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;
