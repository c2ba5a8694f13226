"""The prompt of `otx ottl repl`, apart from any terminal: entries in, lines out."""
