package command

import (
	"context"
	"flag"
	"fmt"
	"strings"
)

const completionUsage = `usage: vecspace completion bash|zsh|fish

Prints what makes a shell complete commands, services and flags:

  source <(vecspace completion bash)                               # in ~/.bashrc
  source <(vecspace completion zsh)                                # in ~/.zshrc, after compinit
  vecspace completion fish >~/.config/fish/completions/vecspace.fish
`

// Flags are asked of the program, so that a script stays right when the program changes.
var completions = map[string]string{
	"bash": `_vecspace_flags() { vecspace "$@" -h 2>/dev/null | sed -n 's/^  \(-[a-z][a-z-]*\).*/\1/p'; }
_vecspace() {
  local cur=${COMP_WORDS[COMP_CWORD]}
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "COMMANDS help" -- "$cur"))
  elif [ "$COMP_CWORD" -eq 2 ] && [ "${COMP_WORDS[1]}" = emulate ]; then
    COMPREPLY=($(compgen -W "SERVICES" -- "$cur"))
  elif [ "$COMP_CWORD" -eq 2 ] && [ "${COMP_WORDS[1]}" = job ]; then
    COMPREPLY=($(compgen -W "JOBS" -- "$cur"))
  elif [ "$COMP_CWORD" -eq 2 ] && [ "${COMP_WORDS[1]}" = completion ]; then
    COMPREPLY=($(compgen -W "bash zsh fish" -- "$cur"))
  elif [ "$COMP_CWORD" -eq 2 ] && [ "${COMP_WORDS[1]}" = help ]; then
    COMPREPLY=($(compgen -W "COMMANDS" -- "$cur"))
  elif [[ $cur == -* ]]; then
    if [ "${COMP_WORDS[1]}" = emulate ] || [ "${COMP_WORDS[1]}" = job ]; then
      COMPREPLY=($(compgen -W "$(_vecspace_flags "${COMP_WORDS[1]}" "${COMP_WORDS[2]}")" -- "$cur"))
    else
      COMPREPLY=($(compgen -W "$(_vecspace_flags "${COMP_WORDS[1]}")" -- "$cur"))
    fi
  fi
}
complete -o default -F _vecspace vecspace
`,
	"zsh": `_vecspace() {
  local at=(${words[2]})
  if (( CURRENT == 2 )); then
    compadd COMMANDS help
  elif (( CURRENT == 3 )) && [[ ${words[2]} == emulate ]]; then
    compadd SERVICES
  elif (( CURRENT == 3 )) && [[ ${words[2]} == job ]]; then
    compadd JOBS
  elif (( CURRENT == 3 )) && [[ ${words[2]} == completion ]]; then
    compadd bash zsh fish
  elif (( CURRENT == 3 )) && [[ ${words[2]} == help ]]; then
    compadd COMMANDS
  elif [[ ${words[CURRENT]} == -* ]]; then
    [[ ${words[2]} == (emulate|job) ]] && at=(${words[2]} ${words[3]})
    compadd -- ${(f)"$(vecspace $at -h 2>/dev/null | sed -n 's/^  \(-[a-z][a-z-]*\).*/\1/p')"}
  else
    _files
  fi
}
compdef _vecspace vecspace
`,
	"fish": `function __vecspace_flags
  set -l words (commandline -opc)[2..]
  contains -- "$words[1]" emulate job; and set words $words[1] $words[2]; or set words $words[1]
  vecspace $words -h 2>/dev/null | sed -n 's/^  \(-[a-z][a-z-]*\).*/\1/p'
end
complete -c vecspace -n __fish_use_subcommand -f -a 'COMMANDS help'
complete -c vecspace -n '__fish_seen_subcommand_from emulate' -f -a 'SERVICES'
complete -c vecspace -n '__fish_seen_subcommand_from job' -f -a 'JOBS'
complete -c vecspace -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'
complete -c vecspace -n '__fish_seen_subcommand_from help' -f -a 'COMMANDS'
complete -c vecspace -n 'not __fish_use_subcommand; and string match -q -- "-*" (commandline -ct)' -f -a '(__vecspace_flags)'
`,
}

func (p Parts) completion(_ context.Context, args []string, std streams) error {
	fs := flag.NewFlagSet("vecspace completion", flag.ContinueOnError)
	fs.Usage = func() { fmt.Fprint(fs.Output(), completionUsage) }
	shells, err := parse(fs, args, std)
	if err != nil {
		return err
	}
	if len(shells) != 1 || completions[shells[0]] == "" {
		return usagef("which shell? There are bash, zsh and fish")
	}
	var names []string
	for _, c := range p.commands() {
		names = append(names, c.name)
	}
	_, err = fmt.Fprint(std.out, strings.NewReplacer("COMMANDS", strings.Join(names, " "),
		"JOBS", strings.Join(jobCommands, " "), "SERVICES", strings.ReplaceAll(serviceNames(), ",", "")).Replace(completions[shells[0]]))
	return err
}
