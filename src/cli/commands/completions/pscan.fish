# Completions of pscan for fish. pscan itself finds them.

# Prints what pscan finds for the current word; its first line is the kind.
function __pscan_found
    set -l words (commandline -opc)
    set -l token (commandline -ct)
    set -l current $token
    # A quote may still be open.
    for quote in '' "'" '"'
        if set -l plain (string unescape -- "$token$quote")
            set current $plain
            break
        end
    end
    set -l program (string replace -r '^~(?=/)' -- "$HOME" $words[1])
    $program __complete "=$current" $words[2..] 2>/dev/null
end

function __pscan_candidates
    set -l lines (__pscan_found)
    switch "$lines[1]"
        case folders
            # What is before the value in the same word.
            set -l token (commandline -ct)
            set -l before (string match -r -- '^--[^=]*=' $token; or echo '')
            set -l value (string replace -- "$before" '' "$token")
            printf '%s\n' $before(__fish_complete_directories $value)
        case words
            printf '%s\n' $lines[2..]
    end
end

function __pscan_wants_files
    set -l lines (__pscan_found)
    test "$lines[1]" = files
end

complete -c pscan -f -k -a '(__pscan_candidates)'
# fish completes files best itself: it knows how the word is quoted.
complete -c pscan -n __pscan_wants_files -F
