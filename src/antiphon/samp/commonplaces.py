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

SOMEBODY_WANTED = (
    "I'd rather talk to somebody who knows about that",
    "can I speak to the person who does that",
    "is there someone who can help me with that",
    "who can tell me about that",
    "put me through to whoever is responsible for that",
    "I'd like to ask an expert about that",
)
"""What people say who want somebody else, and do not know whom."""
SOMEBODY_TOLD_OF = (
    "somebody told me about that",
    "a friend of mine knows about that",
    "I have to ask someone here first",
    "someone else is coming",
    "are you the one who does that",
    "I don't need anybody for that",
)
"""How people speak of others whom they do not ask for."""
SOMEBODY_AGAIN = (
    "can I have the person from before again",
    "put me back to the one I spoke to first",
    "let me talk to the man in the shop again",
    "back to the lady who answered the phone, please",
)
"""What people say who want whom they spoke to before."""
