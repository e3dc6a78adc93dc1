"""One suite per contract, for anybody's engine: `antiphon check transcriber my_pkg:MyTranscriber`."""
