# Completions of pscan for elvish. pscan itself finds them.

use str

set edit:completion:arg-completer[pscan] = {|@words|
    var lines = [((external $words[0]) __complete '='$words[-1] (all $words[1..-1]) 2>/dev/null)]
    if (or (==s $lines[0] files) (==s $lines[0] folders)) {
        edit:complete-filename $@words
    } else {
        for line $lines[1..] {
            var word description = (str:split "\t" $line)
            edit:complex-candidate $word &display=$word'  '$description
        }
    }
}
