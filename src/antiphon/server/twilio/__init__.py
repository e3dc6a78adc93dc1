"""The telephone: callers who come over Twilio Media Streams."""
