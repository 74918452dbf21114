# Completions of pscan for bash. pscan itself finds them.

_pscan() {
    local words=() word description kind="" count=0 at gap rest=${COMP_LINE:0:COMP_POINT}

    # Bash splits words at the characters of COMP_WORDBREAKS too, so that `--sort=c` is three
    # words here: join what no blank separates in the line.
    rest=${rest#*"${COMP_WORDS[0]}"}
    for ((at = 1; at <= COMP_CWORD; at++)); do
        gap=${rest%%[![:space:]]*}
        rest=${rest#"$gap"}
        word=${COMP_WORDS[at]}
        if [[ $at -eq $COMP_CWORD ]]; then
            # The part before the cursor.
            word=$rest
        fi
        rest=${rest#"$word"}
        if [[ -z $gap && $count -gt 0 ]]; then
            words[count - 1]+=$word
        else
            words[count]=$word
            count=$((count + 1))
        fi
    done

    # What readline completes is the end of the word, after the last break or opening quote.
    local typed=${words[count - 1]} escape='[\"'\'']' plain
    words=("${words[@]//$escape/}")
    plain=${2//$escape/}
    local current=${words[count - 1]} option=""
    local before=${current%"$plain"}
    if [[ $current == --*=* ]]; then
        option=${current%%=*}=
    fi

    COMPREPLY=()
    while IFS=$'\t' read -r word description; do
        if [[ -z $kind ]]; then
            kind=$word
        else
            COMPREPLY+=("${word#"$before"}")
        fi
    done < <("${1/#\~/$HOME}" __complete "=$current" "${words[@]:0:count-1}" 2>/dev/null)

    local action value=${current#"$option"} native=default
    case $kind in
        files) action=file ;;
        folders) action=directory native=dirnames ;;
        *) return ;;
    esac
    # Bash completes paths best itself, but sees only what readline completes. Bash 3 has no
    # compopt.
    if [[ $value == "$plain" ]] && compopt -o $native 2>/dev/null; then
        return
    fi
    while IFS= read -r word; do
        if [[ -d ${word/#\~/$HOME} ]]; then
            word+=/
            compopt -o nospace 2>/dev/null
        fi
        word=$option$word
        word=${word#"$before"}
        if [[ $typed != *[\"\']* ]]; then
            printf -v word %q "$word"
            word=${word/#\\~/\~}
        fi
        COMPREPLY+=("$word")
    done < <(compgen -A $action -- "$value")
}

if [[ ${BASH_VERSINFO[0]} -gt 4 || (${BASH_VERSINFO[0]} -eq 4 && ${BASH_VERSINFO[1]} -ge 4) ]]; then
    complete -F _pscan -o nosort pscan
else
    complete -F _pscan pscan
fi
