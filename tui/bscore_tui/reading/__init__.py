"""From a log tree to the values the views draw. Reads files, imports no Textual."""
