# Completions of pscan for fish. pscan itself finds them.

function __pscan_candidates
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines ($words[1] __complete "=$current" $words[2..] 2>/dev/null)
    # What is before the value in the same word.
    set -l before (string match -r -- '^--[^=]*=' $current; or echo '')
    set -l value (string replace -- "$before" '' "$current")
    switch "$lines[1]"
        case files
            printf '%s\n' $before(__fish_complete_path $value)
        case folders
            printf '%s\n' $before(__fish_complete_directories $value)
        case '*'
            printf '%s\n' $lines[2..]
    end
end

complete -c pscan -f -k -a '(__pscan_candidates)'
