#compdef pscan
# Completions of pscan for zsh. pscan itself finds them.

_pscan() {
    local -a lines described
    local line word description before=""
    local program="${${(Q)words[1]}/#\~\//$HOME/}"
    local -a given=("${(@Q)words[2,CURRENT-1]}")
    lines=("${(@f)$("$program" __complete "=${(Q)PREFIX}" "${(@)given}" 2>/dev/null)}")
    if [[ $PREFIX == --*=* ]]; then
        # What is before the value in the same word.
        before="${PREFIX%%=*}="
        compset -P "$before"
    fi
    case $lines[1] in
        files) _files ;;
        folders) _files -/ ;;
        *)
            for line in "${(@)lines[2,-1]}"; do
                word="${${line%%$'\t'*}#$before}"
                description="${line#*$'\t'}"
                described+=("${word//:/\\:}${description:+:$description}")
            done
            _describe -V pscan described
            ;;
    esac
}

if [[ "$funcstack[1]" == _pscan ]]; then
    _pscan "$@"
else
    compdef _pscan pscan
fi
