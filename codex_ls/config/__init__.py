"""The user's configuration: files and `-c` options in, frozen settings of one turn out."""
