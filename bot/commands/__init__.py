"""The command line, one module per group of commands; each imports what it needs when it is called."""
