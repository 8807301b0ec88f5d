"""Why it does not work, and the one next step: a row of small checks, from the file to the word.

`examine` runs them in order and gives each result as it comes. A check is a function that looks at one
thing and says what it found (`Finding`); the table in `examine` says which checks have to be good before
it makes sense. Invariant: what is told is safe to paste: no key, no header, no home folder's name.
"""
