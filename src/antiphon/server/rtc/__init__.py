"""Calls: the conversation over WebRTC, sound as RTP and events on a data channel."""
