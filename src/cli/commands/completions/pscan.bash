# Completions of pscan for bash. pscan itself finds them.

_pscan() {
    local words=() word description kind="" assigned="" count=0 at

    # Bash splits words at =, so that `--sort=c` is three of them here.
    for ((at = 1; at <= COMP_CWORD; at++)); do
        word=${COMP_WORDS[at]}
        if [[ $at -eq $COMP_CWORD && $word != "=" ]]; then
            # The part before the cursor.
            word=$2
        fi
        if [[ $word == "=" && $count -gt 0 && ${words[count - 1]} == --* ]]; then
            words[count - 1]+="="
            assigned=yes
        elif [[ -n $assigned ]]; then
            words[count - 1]+=$word
            assigned=""
        else
            words[count]=$word
            count=$((count + 1))
        fi
    done

    local current=${words[count - 1]} before=""
    if [[ $current == --*=* ]]; then
        # Readline completes what is after the =.
        before=${current%%=*}=
    fi

    COMPREPLY=()
    while IFS=$'\t' read -r word description; do
        if [[ -z $kind ]]; then
            kind=$word
        else
            COMPREPLY+=("${word#"$before"}")
        fi
    done < <("${1/#\~/$HOME}" __complete "=$current" "${words[@]:0:count-1}" 2>/dev/null)

    # Bash 3 has no compopt.
    local value=${current#"$before"} IFS=$'\n'
    case $kind in
        files)
            compopt -o default 2>/dev/null || COMPREPLY=($(compgen -f -- "$value"))
            ;;
        folders)
            compopt -o dirnames 2>/dev/null || COMPREPLY=($(compgen -d -- "$value"))
            ;;
    esac
}

if [[ ${BASH_VERSINFO[0]} -gt 4 || (${BASH_VERSINFO[0]} -eq 4 && ${BASH_VERSINFO[1]} -ge 4) ]]; then
    complete -F _pscan -o nosort pscan
else
    complete -F _pscan pscan
fi
