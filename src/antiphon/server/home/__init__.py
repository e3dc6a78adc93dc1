"""Home Assistant's side door: speech to text, text to speech and conversation over the Wyoming protocol."""
