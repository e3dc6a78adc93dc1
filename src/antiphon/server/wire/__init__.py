"""The Realtime protocol's nouns: events of both sides, items, responses, the session object. No I/O."""
