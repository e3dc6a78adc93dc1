"""Other people's systems, set up as their own documentation says, for measurements side by side."""
