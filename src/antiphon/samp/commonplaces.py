"""What people say in any telephone conversation, whatever it is about."""

BACK = (
    "okay thank you",
    "all right thanks",
    "good to know",
    "I see",
    "back to what we were doing",
    "that's all I wanted to know",
)
"""What people say when their question is answered."""

ANYTHING_ELSE = (
    "Is there anything else I can help you with?",
    "What else can I do for you?",
    "Do you need anything else?",
)
"""What an agent asks who has done what was asked for."""
CLOSING = ("no, that's all, thank you, goodbye", "I want nothing more")
"""What follows when a caller wants nothing more."""
