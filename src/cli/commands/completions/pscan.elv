# Completions of pscan for elvish. pscan itself finds them.

use str

set edit:completion:arg-completer[pscan] = {|@words|
    var lines = [((external $words[0]) __complete '='$words[-1] (all $words[1..-1]) 2>/dev/null)]
    var kind = $lines[0]
    if (or (==s $kind files) (==s $kind folders)) {
        # What is before the value in the same word.
        var before value = '' $words[-1]
        if (and (str:has-prefix $value '--') (str:contains $value '=')) {
            var start = (+ 1 (str:index $value '='))
            set before value = $value[..$start] $value[$start..]
        }
        for found [(edit:complete-filename $value)] {
            var path = $found[stem]
            if (or (==s $kind files) (str:has-suffix $path '/')) {
                edit:complex-candidate $before$path &code-suffix=$found[code-suffix] &display=$path
            }
        }
    } else {
        for line $lines[1..] {
            var word description = (str:split "\t" $line)
            edit:complex-candidate $word &display=$word'  '$description
        }
    }
}
