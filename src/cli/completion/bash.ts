/**
 * The completion for bash, from 3.2 on (which has no associative arrays and no compopt): one function that says what may follow a
 * command, made from the tree, and one that finds out which command that is.
 */
import { type CompletionCommand, listCommands, type Value } from './model.ts';

/** Makes the script. */
export function bashCompletion(program: CompletionCommand): string {
  return `# Completion of keyward for bash, made by: keyward completion bash

# What may follow the command $1: its commands, its options, its arguments; and the value of its option $2. Lists of words, or
# @file, @directory, or @none for what nobody can know; empty: it takes none. many: the option takes words up to the next one.
_keyward_spec() {
  commands='' options='' argument='' value='' many=''
  case $1 in
${listCommands(program).map(specOf).join('\n')}
  esac
}

${WALK}`;
}

function specOf({ path, commands, options, argument }: CompletionCommand): string {
  const names = commands.map((command) => command.path.at(-1));
  const flags = options.flatMap((option) => option.flags);
  const facts = [
    ...(names.length > 0 ? [`commands='${names.join(' ')}'`] : []),
    `options='${flags.join(' ')}'`,
    ...(argument === null ? [] : [`argument='${wordsOf(argument.kind)}'`]),
  ];
  const values = options.flatMap((option) =>
    option.value === null
      ? []
      : [
          `    ${option.flags.join('|')}) value='${wordsOf(option.value.kind)}'${option.variadic ? ' many=yes' : ''} ;;`,
        ],
  );
  const cases = values.length === 0 ? '' : `\n    case $2 in\n${values.join('\n')}\n    esac`;
  return `  '${path.map((name) => ` ${name}`).join('')}')\n    ${facts.join('\n    ')}${cases}\n    ;;`;
}

/** Words that no shell sees anything special in. */
function wordsOf(kind: Value): string {
  return typeof kind === 'string' ? `@${kind}` : kind.join(' ');
}

const WALK = `_keyward() {
  local cur=\${COMP_WORDS[COMP_CWORD]} at='' option='' word i
  local commands options argument value many kind IFS=$' \\t\\n'
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    _keyward_spec "$at" "$option"
    if [[ $word == = ]]; then # bash takes --to=json apart
      continue
    elif [[ $word == -* ]]; then
      option=$word
    elif [[ -n $value ]]; then
      [[ -n $many ]] || option=''
    else
      option=''
      [[ " $commands " == *" $word "* ]] && at="$at $word"
    fi
  done
  [[ $cur == = ]] && cur=''
  _keyward_spec "$at" "$option"
  if [[ $cur == -* && ( -z $value || -n $many ) ]]; then
    kind=$options
  else
    kind=\${value:-\${commands:-\${argument:-$options}}}
  fi
  case $kind in
  @none) ;;
  @file) _keyward_names -f default ;;
  @directory) _keyward_names -d dirnames ;;
  *) while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$kind" -- "$cur") ;;
  esac
  return 0
}

# Names of files are completed by bash itself, which knows about spaces, quotes and ~; where it cannot be told so, by compgen.
_keyward_names() {
  compopt -o "$2" 2>/dev/null && return
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen "$1" -- "$cur")
}

complete -F _keyward keyward
`;
